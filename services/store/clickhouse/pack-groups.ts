/**
 * Groups as numbers. ClickHouse groups by one small number four times as fast as by several columns (docs/decisions/0004-store-layout.md),
 * so the values of the grouping columns are listed first and each row's are turned into their place in the list.
 */
import type { GroupColumn } from '../../../schemas/api/queries.ts'
import { type Client, select } from './client.ts'
import { floorCondition } from './retention.ts'
import type { ReadDeps } from './read-events.ts'
import type { TrendPlan } from './read-trend.ts'

/** Columns with few values, held in dictionaries: turning a value into its place costs next to nothing there. */
const PACKABLE: ReadonlySet<GroupColumn> = new Set([
  'channel',
  'provider',
  'sync_engine',
  'scope',
  'outcome',
  'code',
  'category',
  'entry',
])
/** More values than this are cheaper to group by the plain way. */
const MAX_VALUES = 2000
const MAX_SLOTS = 4_000_000_000

export type Packing = {
  /** SQL: place of a row's group, from 0 to size - 1. */
  readonly sql: string
  readonly params: Readonly<Record<string, unknown>>
  readonly size: number
  readonly columns: readonly { readonly column: GroupColumn; readonly values: readonly string[] }[]
}

/** undefined when the groups are better counted the plain way. */
export async function planPacking(client: Client, deps: ReadDeps, plan: TrendPlan): Promise<Packing | undefined> {
  const { groupBy } = plan.query
  if (!groupBy.every((column) => PACKABLE.has(column))) return undefined
  const columns = await listValues(client, deps, plan)
  if (columns === undefined) return undefined
  // Place 0: a value that was not listed; 1: null; then the values.
  const size = columns.reduce((product, { values }) => product * (values.length + 2), 1)
  if (size * plan.buckets.starts.length > MAX_SLOTS) return undefined
  const params: Record<string, unknown> = {}
  let sql = 'toUInt32(0)'
  for (const [index, { column, values }] of columns.entries()) {
    params[`pack_values_${index}`] = values
    const place = `transform(ifNull(${column}, ''), {pack_values_${index}: Array(String)}, CAST(range(2, ${values.length + 2}), 'Array(UInt32)'), toUInt32(0))`
    sql = `(${sql} * ${values.length + 2} + if(isNull(${column}), toUInt32(1), ${values.length === 0 ? 'toUInt32(0)' : place}))`
  }
  return { sql, params, size, columns }
}

/** All values of the columns in the range, whatever copy or filter they belong to: a superset of the groups. */
async function listValues(client: Client, deps: ReadDeps, plan: TrendPlan): Promise<Packing['columns'] | undefined> {
  const { groupBy } = plan.query
  if (groupBy.length === 0) return []
  const list = groupBy.map((column, index) => `groupUniqArray(${MAX_VALUES + 1})(${column}) AS values_${index}`)
  const query = `SELECT ${list.join(', ')} FROM ${deps.database}._events
    WHERE tenant = {tenant: String} AND occurred_second BETWEEN {first: UInt32} AND {last: UInt32} AND ${floorCondition(deps.database)}`
  const limits = { max_execution_time: deps.maxSeconds }
  const [row] = await select<Record<string, string[]>>(client, query, plan.params, limits, 'question')
  const columns = groupBy.map((column, index) => ({ column, values: row?.[`values_${index}`] ?? [] }))
  return columns.some(({ values }) => values.length > MAX_VALUES) ? undefined : columns
}

/** The group at a place; undefined when a part of it had not been listed. */
export function unpackedGroup(packing: Packing, slot: number): Readonly<Record<string, string | null>> | undefined {
  const group: Record<string, string | null> = {}
  let rest = slot
  for (const { column, values } of packing.columns.toReversed()) {
    const place = rest % (values.length + 2)
    rest = Math.floor(rest / (values.length + 2))
    const value = place === 1 ? null : values[place - 2]
    if (value === undefined) return undefined
    group[column] = value
  }
  return Object.fromEntries(packing.columns.map(({ column }) => [column, group[column] ?? null]))
}
