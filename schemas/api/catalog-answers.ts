/** Answers of the routes that explain: the catalog, one entry, one code. */
import { type Static, Type } from 'typebox'
import { SYNC_ENGINES, TRANSIENCES } from '../classified-event.ts'
import { type CatalogEntry, ENTRY_KINDS } from '../catalog/catalog.ts'
import { nullable } from '../windows-event.ts'
import { SourceTitle } from './code-answer.ts'

const word = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, description })
const texts = (description: string) => Type.Array(Type.String(), { description })

const ENTRY_STATUSES = ['current', 'legacy'] as const

const entryFields = {
  id: Type.String({ description: 'Name of the entry; the `entry` of a verdict.', examples: ['known-1098-0xcaa5001c'] }),
  kind: word(ENTRY_KINDS, 'possible-issue, known-issue, sibling-condition and prerequisite can be a cause.'),
  title: Type.String(),
  summary: Type.String({ description: 'What is wrong and how it shows.' }),
  engines: Type.Array(word(SYNC_ENGINES, 'Engine or stage it concerns.')),
  category: Type.String(),
  transient: nullable(word(TRANSIENCES, 'Clears by itself?'), 'Does it clear by itself? yes, maybe, no.'),
  next_steps: texts('What to do, in order.'),
  kb: nullable(Type.String(), 'Microsoft KB number.'),
  fixed_in_build: nullable(Type.String(), 'First Windows build in which it is fixed.'),
  status: word(ENTRY_STATUSES, 'legacy: only on versions of Windows that are out of support.'),
  effective: Type.Array(Type.Object({ from: Type.String(), value: Type.String(), source: Type.String() }), {
    description: 'Values that hold from a date on.',
  }),
  facts_needed: texts('Facts that would settle whether it is the cause.'),
  sources: texts('Short names of the sources.'),
  seed_lines: nullable(Type.String(), 'Lines of the source article.'),
  notes: nullable(Type.String(), 'Further remarks.'),
}

const closed = { additionalProperties: false } as const

export const CatalogEntryAnswer = Type.Unsafe<CatalogEntry>(
  Type.Object(entryFields, { ...closed, $id: 'CatalogEntry', description: 'One known cause, check or remark.' }),
)

export const CatalogList = Type.Object(
  {
    version: Type.Integer({ description: 'Version of the catalog.' }),
    entries: Type.Array(Type.Unsafe<CatalogEntry>({ $ref: 'CatalogEntry#' }), {
      description: 'In the order of the catalog.',
    }),
  },
  { ...closed, $id: 'CatalogList', description: 'The entries of the catalog that were asked for.' },
)
export type CatalogList = Static<typeof CatalogList>

const CodeReference = Type.Object(
  { code: Type.String(), symbol: nullable(Type.String(), 'Symbolic name.'), cause: Type.String() },
  closed,
)

export const CatalogEntryDetail = Type.Object(
  {
    version: Type.Integer({ description: 'Version of the catalog.' }),
    entry: Type.Unsafe<CatalogEntry>({ $ref: 'CatalogEntry#' }),
    codes: Type.Array(CodeReference, { description: 'Error codes that point to it.' }),
    sources: Type.Unsafe<readonly Static<typeof SourceTitle>[]>({
      type: 'array',
      items: SourceTitle,
      description: 'Its sources with their titles.',
    }),
  },
  { ...closed, $id: 'CatalogEntryDetail', description: 'One entry with the codes that point to it and its sources.' },
)
export type CatalogEntryDetail = Static<typeof CatalogEntryDetail>

const anyOfThese = <T extends string>(values: readonly T[], description: string) =>
  Type.Optional(
    Type.Unsafe<readonly T[]>({
      type: 'array',
      items: { type: 'string', enum: values, title: `one of ${values.join(', ')}` },
      minItems: 1,
      maxItems: 20,
      description,
    }),
  )

export const catalogParameters = {
  kind: anyOfThese(ENTRY_KINDS, 'What sort of entry.'),
  category: Type.Optional(
    Type.Array(Type.String({ maxLength: 100 }), { minItems: 1, maxItems: 20, description: 'Category of the cause.' }),
  ),
  engine: anyOfThese(SYNC_ENGINES, 'Engine or stage it concerns.'),
  status: anyOfThese(ENTRY_STATUSES, 'legacy: only on versions of Windows that are out of support.'),
  q: Type.Optional(
    Type.String({
      maxLength: 200,
      description: 'Words that must all occur in its id, title, summary, steps or notes.',
    }),
  ),
}
