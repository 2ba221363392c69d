/** The shapes of the catalog's files. Each file is checked against its schema in tests; loading trusts them. */
import { type Static, Type } from 'typebox'
import { OUTCOMES, SCOPES, SYNC_ENGINES, TRANSIENCES } from '../classified-event.ts'
import { CATEGORIES, CODE_KINDS, CONFIDENCES, DURATION_UNITS, ENTRY_KINDS, RELEVANCES } from './catalog.ts'

const oneOf = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values] })
const closed = { additionalProperties: false } as const
const sentence = Type.String({ minLength: 3, maxLength: 1000 })
const names = Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true })
const build = Type.String({ pattern: '^10\\.0\\.[0-9]{5}\\.[0-9]+$' })

export const FACT_NAMES = [
  'device-inventory',
  'dsregcmd',
  'policy',
  'tenant-config',
  'user-directory',
  'user-report',
] as const

/** entries/<id>.yaml: one known cause, check or remark. */
export const EntryFile = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' }),
    kind: oneOf(ENTRY_KINDS),
    title: Type.String({ minLength: 10, maxLength: 120 }),
    summary: Type.String({ minLength: 30, maxLength: 900 }),
    engines: Type.Array(oneOf(SYNC_ENGINES), { minItems: 1, uniqueItems: true }),
    category: oneOf(CATEGORIES),
    transient: Type.Optional(oneOf(TRANSIENCES)),
    next_steps: Type.Optional(Type.Array(sentence, { minItems: 1 })),
    kb: Type.Optional(Type.String({ pattern: '^KB[0-9]{7}$' })),
    fixed_in_build: Type.Optional(build),
    status: oneOf(['current', 'legacy']),
    effective: Type.Optional(
      Type.Array(
        Type.Object(
          {
            from: Type.String({ pattern: '^[0-9]{4}(-[0-9]{2}){0,2}$' }),
            value: Type.String(),
            source: Type.String(),
          },
          closed,
        ),
        { minItems: 1 },
      ),
    ),
    facts_needed: Type.Optional(Type.Array(oneOf(FACT_NAMES), { minItems: 1, uniqueItems: true })),
    sources: names,
    seed_lines: Type.Optional(Type.String({ pattern: '^[0-9]+(-[0-9]+)?$' })),
    notes: Type.Optional(sentence),
  },
  closed,
)
export type EntryFile = Static<typeof EntryFile>

/** codes/<family>.json. */
export const CodeFile = Type.Object(
  {
    kind: oneOf(CODE_KINDS),
    codes: Type.Array(
      Type.Object(
        {
          code: Type.String({ minLength: 1, maxLength: 64 }),
          symbol: Type.Union([Type.String({ pattern: '^\\w+$' }), Type.Null()]),
          category: oneOf(CATEGORIES),
          cause: sentence,
          transient: oneOf(TRANSIENCES),
          relevance: oneOf(RELEVANCES),
          documented: Type.Boolean(),
          confidence: oneOf(CONFIDENCES),
          sources: names,
          verified: Type.Optional(Type.Literal(true)),
          subcategory: Type.Optional(Type.String({ minLength: 1 })),
          entries: Type.Optional(names),
          note: Type.Optional(sentence),
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
)
export type CodeFile = Static<typeof CodeFile>

/** Field name to the manifest's inType, in the manifest's order. */
const FieldTypes = Type.Record(Type.String(), Type.String())

export const EventRecord = Type.Object(
  {
    event_id: Type.Integer({ minimum: 0, maximum: 65535 }),
    level: Type.Union([Type.Integer({ minimum: 0, maximum: 5 }), Type.Null()]),
    channel: Type.Union([Type.String({ pattern: '^Microsoft-Windows-[^/]+/[A-Za-z]+$' }), Type.Null()]),
    gist: Type.Optional(Type.String({ minLength: 5, maxLength: 100 })),
    fields: FieldTypes,
    variants: Type.Optional(Type.Array(FieldTypes, { minItems: 1 })),
    code_fields: Type.Optional(names),
    text_fields: Type.Optional(names),
    http_status_field: Type.Optional(Type.String()),
    outcome: Type.Optional(oneOf(OUTCOMES)),
    duration_field: Type.Optional(Type.String()),
    duration_unit: Type.Optional(oneOf(DURATION_UNITS)),
    collection_field: Type.Optional(Type.String()),
  },
  closed,
)
export type EventRecord = Static<typeof EventRecord>

/** providers/<provider>.json. */
export const ProviderFile = Type.Object(
  {
    name: Type.String({ pattern: '^Microsoft-Windows-' }),
    guid: Type.Union([Type.String({ pattern: '^\\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\}$' }), Type.Null()]),
    sync_engine: oneOf(SYNC_ENGINES),
    scope: oneOf(SCOPES),
    /** Fields of any of its events that are removed in the collector, and what they hold. */
    secrets: Type.Record(Type.String(), Type.String()),
    events: Type.Array(EventRecord, { minItems: 1 }),
  },
  closed,
)
export type ProviderFile = Static<typeof ProviderFile>

/** version.json, written by seal.ts. */
export const VersionFile = Type.Object(
  { version: Type.Integer({ minimum: 1, maximum: 65535 }), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
  closed,
)
export type VersionFile = Static<typeof VersionFile>

/** sources.json: short name to full title. */
export const SourcesFile = Type.Record(Type.String(), Type.String({ minLength: 3 }))
