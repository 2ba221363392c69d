/** Answer of /v1/codes/{code}: what an error code means. The shape of an explanation (schemas/catalog/explain.ts). */
import { type Static, Type } from 'typebox'
import { TRANSIENCES } from '../classified-event.ts'
import { type CatalogEntry, CODE_KINDS, CONFIDENCES, RELEVANCES } from '../catalog/catalog.ts'
import { nullable } from '../windows-event.ts'

const word = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, description })
const list = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Unsafe<readonly Static<T>[]>({ type: 'array', items: schema, description })
const closed = { additionalProperties: false } as const

export const SourceTitle = Type.Object(
  { name: Type.String({ description: 'Short name.' }), title: Type.String({ description: 'Full title.' }) },
  closed,
)

const Facility = Type.Object(
  { id: Type.Integer(), name: nullable(Type.String(), 'null where nobody published one.') },
  closed,
)
const Inner = Type.Object(
  {
    kind: word(['http', 'win32', 'winhttp', 'ntstatus'], 'What sort of number it is.'),
    value: Type.Integer(),
    symbol: nullable(Type.String(), 'Its symbolic name.'),
    cause: nullable(Type.String(), 'What it means.'),
  },
  closed,
)

export const CodeDescription = Type.Object(
  {
    code: Type.String({
      description: 'Canonical: 0x and eight digits, AADSTS…, WTRS:… or a name.',
      examples: ['0xCAA5001C'],
    }),
    unsigned: nullable(Type.Integer(), 'The number; null for codes that are none.'),
    signed: nullable(Type.Integer(), 'The same as signed 32 bits.'),
    known: Type.Boolean({ description: 'Does the catalog have it, or the code it carries?' }),
    kind: word(CODE_KINDS, 'Family of the code.'),
    family: Type.String({ description: 'The family in words.' }),
    severity: word(['success', 'informational', 'warning', 'error'], 'What the number itself says.'),
    facility: nullable(Facility, 'The part of Windows it comes from.'),
    symbol: nullable(Type.String(), 'Symbolic name.'),
    category: nullable(Type.String(), 'Category of the cause.'),
    cause: Type.String({ description: 'What it means; of an unknown code only what the number says.' }),
    transient: nullable(word(TRANSIENCES, 'Clears by itself?'), 'Does it clear by itself? yes, maybe, no.'),
    relevance: nullable(word(RELEVANCES, 'How near it is to roaming.'), 'How near it is to roaming.'),
    documented: Type.Boolean({ description: 'Is the meaning published? Otherwise it is a hypothesis.' }),
    confidence: nullable(word(CONFIDENCES, 'How sure.'), 'How sure the meaning is.'),
    inner: nullable(Inner, 'The code that this one carries inside.'),
    note: nullable(Type.String(), 'Further remarks.'),
    sources: list(Type.String(), 'Short names of the sources.'),
    entries: list(Type.String(), 'Catalog entries it points to.'),
  },
  { ...closed, $id: 'CodeDescription', description: 'What one error code means.' },
)
export type CodeDescription = Static<typeof CodeDescription>

const describedCode = Type.Unsafe<CodeDescription>({ $ref: 'CodeDescription#' })

export const CodeAnswer = Type.Object(
  {
    kind: word(['code'], 'Always code.'),
    query: Type.String({ description: 'What was asked.' }),
    code: describedCode,
    others: list(describedCode, 'The further codes of a spelling with several, outermost first.'),
    entries: list(Type.Unsafe<CatalogEntry>({ $ref: 'CatalogEntry#' }), 'Catalog entries that any of them points to.'),
    sources: list(SourceTitle, 'Sources with their titles.'),
  },
  { ...closed, $id: 'CodeAnswer', description: 'What an error code means and which known causes it points to.' },
)
export type CodeAnswer = Static<typeof CodeAnswer>
