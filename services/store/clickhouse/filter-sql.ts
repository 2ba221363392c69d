/** Turns filters into a condition on `_events`. Every value is a parameter of the query; column names come from our own table below. */
import { AppError } from '../../runtime/errors.ts'
import type { Filter, FilterColumn } from '../../../schemas/api/queries.ts'

type Kind = 'text' | 'nullable_text' | 'number' | 'nullable_number' | 'key'

const TEXT = ['computer', 'device', 'shipper', 'sync_engine', 'scope', 'outcome'] as const
const NUMBER = ['event_id', 'catalog_version'] as const
const NULLABLE_NUMBER = [
  'version',
  'level',
  'task',
  'opcode',
  'record_id',
  'process_id',
  'thread_id',
  'aadsts',
  'os_build',
  'os_ubr',
] as const
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...TEXT.map((name) => [name, 'text'] as const),
  ...NUMBER.map((name) => [name, 'number'] as const),
  ...NULLABLE_NUMBER.map((name) => [name, 'nullable_number'] as const),
  ['event_key', 'key'],
])
const kindOf = (column: FilterColumn): Kind => KINDS.get(column) ?? 'nullable_text'

const UINT64 = /^\d{1,20}$/
const MAX_UINT64 = 18_446_744_073_709_551_615n
const KEY = /^[0-9a-f]{32}$/i

export type Condition = { readonly sql: string; readonly params: Readonly<Record<string, unknown>> }

/** Conditions joined by AND; `1` without filters. Throws REQUEST_INVALID when a number column gets something else. */
export function filterCondition(filters: readonly Filter[]): Condition {
  const parts: string[] = []
  const params: Record<string, unknown> = {}
  for (const [index, filter] of filters.entries()) {
    const name = `filter_${index}`
    const values = filter.values.filter((value) => value !== null)
    const { sql, param } = matching(filter.column, name, values)
    const wantsNull = filter.values.includes(null)
    const isNullable = kindOf(filter.column).startsWith('nullable')
    const isNull = wantsNull && isNullable ? `${filter.column} IS NULL` : '0'
    if (values.length > 0) params[name] = param
    const any = values.length > 0 ? `ifNull(${sql}, 0) OR ${isNull}` : isNull
    parts.push(filter.not ? `NOT (${any})` : `(${any})`)
  }
  return { sql: parts.length === 0 ? '1' : parts.join(' AND '), params }
}

function matching(column: FilterColumn, name: string, values: readonly string[]) {
  switch (kindOf(column)) {
    case 'key':
      // Text that is no key matches nothing.
      return {
        sql: `has(arrayMap(key -> toFixedString(unhex(key), 16), {${name}: Array(String)}), event_key)`,
        param: values.filter((value) => KEY.test(value)),
      }
    case 'number':
    case 'nullable_number':
      return {
        sql: `has({${name}: Array(UInt64)}, toUInt64(${column}))`,
        param: values.map((value) => asNumber(column, value)),
      }
    case 'text':
    case 'nullable_text':
      return { sql: `has({${name}: Array(String)}, ${column})`, param: values }
  }
}

function asNumber(column: FilterColumn, value: string): bigint {
  const number = UINT64.test(value) ? BigInt(value) : -1n
  if (number < 0n || number > MAX_UINT64) {
    throw new AppError('REQUEST_INVALID', `${column} is a whole number from 0 to ${MAX_UINT64.toString()}`)
  }
  return number
}
