/** Turns the filter parameters of a request into filters with canonical values: the spelling that the store has. */
import { FILTER_RULES, type FilterParameters } from '../../../schemas/api/parameters.ts'
import { type Filter, FILTER_COLUMNS, type FilterColumn } from '../../../schemas/api/queries.ts'
import { canonicalCode } from '../../../schemas/catalog/error-code.ts'
import { invalidParameter } from '../request-error.ts'

const MAX_UINT64 = 2n ** 64n - 1n
const GUID = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i

/** Throws REQUEST_INVALID naming the parameter. */
export function parseFilters(query: FilterParameters): Filter[] {
  const filters: Filter[] = []
  for (const column of FILTER_COLUMNS) {
    for (const not of [false, true]) {
      const name = not ? (`not.${column}` as const) : column
      const values = query[name]
      if (values === undefined) continue
      filters.push({ column, values: [...new Set(values.map((value) => canonical(name, column, value)))], not })
    }
  }
  return filters
}

function canonical(name: string, column: FilterColumn, value: string): string | null {
  const rule = FILTER_RULES[column]
  if (value === '' && rule.isNullable) return null
  const text = value === '' ? undefined : readValue(column, value)
  if (text === undefined) throw invalidParameter(name, rule.accepts, value)
  return text
}

function readValue(column: FilterColumn, value: string): string | undefined {
  const read = READERS[column]
  if (read !== undefined) return read(value)
  const { integer } = FILTER_RULES[column]
  return integer === undefined ? value : readInteger(value, integer)
}

function readInteger(value: string, range: { readonly minimum: number; readonly maximum: number }): string | undefined {
  if (!/^\d{1,10}$/.test(value)) return undefined
  const number = Number(value)
  return number >= range.minimum && number <= range.maximum ? String(number) : undefined
}

const READERS: { readonly [C in FilterColumn]?: (value: string) => string | undefined } = {
  event_key: (value) => (/^[0-9a-f]{32}$/i.test(value) ? value.toLowerCase() : undefined),
  computer: (value) => value.toLowerCase(),
  keywords: (value) => {
    const digits = /^0x([0-9a-f]{1,16})$/i.exec(value)?.[1]
    return digits === undefined ? undefined : `0x${digits.toLowerCase().padStart(16, '0')}`
  },
  record_id: (value) => {
    if (!/^\d{1,20}$/.test(value)) return undefined
    const number = BigInt(value)
    return number <= MAX_UINT64 ? String(number) : undefined
  },
  activity_id: (value) => GUID.exec(value)?.[1]?.toLowerCase(),
  correlation_id: (value) => GUID.exec(value)?.[1]?.toLowerCase(),
  code: canonicalCode,
  aadsts: (value) => {
    const { integer } = FILTER_RULES.aadsts
    return integer && readInteger(value.replace(/^AADSTS/i, ''), integer)
  },
}
