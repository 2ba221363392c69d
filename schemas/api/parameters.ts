/** Query parameters of the routes that read events: a filter and its negation for every column, and the time range. */
import { Type } from 'typebox'
import { ClassifiedEvent } from '../classified-event.ts'
import { FILTER_COLUMNS, type FilterColumn } from './queries.ts'

/** Of a page, where none is asked for. */
export const DEFAULT_LIMIT = 100

/** The most values one filter may have. */
const MAX_VALUES = 100

type ColumnSchema = {
  readonly type?: string
  readonly anyOf?: readonly ColumnSchema[]
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly description?: string
}

/** What a filter on a column takes. `accepts` is said in error messages: "event_id must be <accepts>". */
export type FilterRule = {
  readonly isNullable: boolean
  readonly values?: readonly string[]
  readonly integer?: { readonly minimum: number; readonly maximum: number }
  readonly accepts: string
  readonly description: string
}

/** Columns that take more than one spelling of a value; services/query-api/parameters/filters.ts makes them canonical. */
const SPELLINGS: { readonly [C in FilterColumn]?: string } = {
  event_key: '32 hex digits',
  computer: 'a computer name',
  keywords: '0x and up to 16 hex digits',
  record_id: 'a whole number from 0 to 18446744073709551615',
  activity_id: 'a GUID',
  correlation_id: 'a GUID',
  code: 'an error code in any spelling (0xCAA5001C, -895156196, 3399811100)',
  aadsts: 'a number such as 50076 or AADSTS50076',
}

export const FILTER_RULES: { readonly [C in FilterColumn]: FilterRule } = Object.fromEntries(
  FILTER_COLUMNS.map((column) => [column, filterRule(column)]),
) as { [C in FilterColumn]: FilterRule }

function filterRule(column: FilterColumn): FilterRule {
  const schema = ClassifiedEvent.properties[column] as ColumnSchema
  const isNullable = schema.anyOf?.some((member) => member.type === 'null') ?? false
  const base = schema.anyOf?.find((member) => member.type !== 'null') ?? schema
  const integer =
    base.type === 'integer' ? { minimum: base.minimum ?? 0, maximum: base.maximum ?? 4_294_967_295 } : undefined
  const accepted = SPELLINGS[column] ?? acceptedBy(base.enum, integer)
  return {
    isNullable,
    ...(base.enum === undefined ? {} : { values: base.enum }),
    ...(integer === undefined ? {} : { integer }),
    accepts: isNullable ? `${accepted}, or empty for events without one` : accepted,
    description: schema.description ?? '',
  }
}

function acceptedBy(values: readonly string[] | undefined, integer: FilterRule['integer']): string {
  if (values !== undefined) return `one of ${values.join(', ')}`
  if (integer !== undefined) return `a whole number from ${integer.minimum} to ${integer.maximum}`
  return 'the text as it is stored'
}

type FilterName = FilterColumn | `not.${FilterColumn}`

/** The filters of a request as they came: every value still text. */
export type FilterParameters = { readonly [N in FilterName]?: readonly string[] }

function valuesOf(column: FilterColumn, description: string) {
  const rule = FILTER_RULES[column]
  const enumeration = rule.values === undefined ? {} : { enum: rule.isNullable ? [...rule.values, ''] : rule.values }
  const items = { type: 'string', title: rule.accepts, maxLength: 4096, ...enumeration } as const
  return Type.Optional(
    Type.Unsafe<readonly string[]>({ type: 'array', items, minItems: 1, maxItems: MAX_VALUES, description }),
  )
}

/** `event_id`, `not.event_id`, …: repeated = any of them; empty = the column has no value. */
export const filterParameters = Object.fromEntries(
  FILTER_COLUMNS.flatMap((column) => [
    [column, valuesOf(column, FILTER_RULES[column].description)],
    [`not.${column}`, valuesOf(column, `Leaves out the events that \`${column}\` with these values would give.`)],
  ]),
) as Record<FilterName, ReturnType<typeof valuesOf>>

const time = (description: string) =>
  Type.Optional(
    Type.String({
      maxLength: 64,
      title: 'a time such as 2026-11-01 or 2026-11-01T08:00:00Z',
      description,
      examples: ['2026-11-01T00:00:00Z'],
    }),
  )

export const timeParameters = {
  from: time('Start, inclusive: ISO 8601 with a zone, or a date (midnight UTC).'),
  to: time('End, exclusive: ISO 8601 with a zone, or a date (midnight UTC).'),
}

/** Of routes that answer page by page. `what`: events, letters. */
export const pageParameters = (what: string) => ({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: DEFAULT_LIMIT, description: `The most ${what} of a page.` }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z0-9_.~=-]+$',
      title: 'the `next` of a page, as it was given',
      description: 'The `next` of the page before; with the same filters.',
    }),
  ),
})

/** For routes that take none. */
export const noParameters = Type.Object({}, { additionalProperties: false })
