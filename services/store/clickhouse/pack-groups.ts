/**
 * Groups as numbers. ClickHouse groups by one small number four times as fast as by several columns (docs/decisions/0004-store-layout.md),
 * so the values of the grouping columns are listed first and each row's are turned into their place in the list.
 */
import type { GroupColumn } from '../../../schemas/api/queries.ts'
import { type Client, select } from './client.ts'
import type { ReadDeps } from './read-events.ts'
import type { TrendPlan } from './plan-trend.ts'

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
/** Stands for null in the lists; a value that reads so sends the question the plain way. */
const NULL_VALUE = '\u0001null'

export type Packing = {
  /** SQL: place of a row's group, from 0 to size - 1. */
  readonly sql: string
  readonly params: Readonly<Record<string, unknown>>
  readonly size: number
  readonly columns: readonly { readonly column: GroupColumn; readonly values: readonly string[] }[]
}

export type Packer = {
  /** undefined when the groups are better counted the plain way. `isStale`: a value was met that is not in the lists yet. */
  plan(client: Client, plan: TrendPlan, isStale: boolean): Promise<Packing | undefined>
}

/** Remembers the values of each tenant's columns. A list that misses one is found out by place 0 and made again, so it is never wrong. */
export function createPacker(deps: ReadDeps): Packer {
  const known = new Map<string, ReadonlySet<string>>()
  return {
    async plan(client, plan, isStale) {
      const { groupBy, tenant } = plan.query
      if (!groupBy.every((column) => PACKABLE.has(column))) return undefined
      const columns: { column: GroupColumn; values: readonly string[] }[] = []
      for (const column of groupBy) {
        const name = `${column} ${tenant}`
        const before = known.get(name)
        const values =
          before === undefined || isStale
            ? new Set([...(before ?? []), ...(await listValues(client, deps, plan, column))])
            : before
        known.set(name, values)
        if (values.size > MAX_VALUES || values.has(NULL_VALUE)) return undefined
        columns.push({ column, values: [NULL_VALUE, ...values] })
      }
      return pack(columns, plan.buckets.starts.length)
    },
  }
}

function pack(columns: Packing['columns'], buckets: number): Packing | undefined {
  // Place 0 is a value that was not listed.
  const size = columns.reduce((product, { values }) => product * (values.length + 1), 1)
  if (size * buckets > MAX_SLOTS) return undefined
  const params: Record<string, unknown> = { pack_null: NULL_VALUE }
  let sql = 'toUInt32(0)'
  for (const [index, { column, values }] of columns.entries()) {
    const name = `pack_values_${index}`
    params[name] = values
    const places = `CAST(range(1, ${values.length + 1}), 'Array(UInt32)')`
    sql = `(${sql} * ${values.length + 1} + transform(ifNull(${column}, {pack_null: String}), {${name}: Array(String)}, ${places}, toUInt32(0)))`
  }
  return { sql, params, size, columns }
}

/** The values of one column in the range, whatever copy or filter they belong to. */
async function listValues(
  client: Client,
  deps: ReadDeps,
  plan: TrendPlan,
  column: GroupColumn,
): Promise<readonly string[]> {
  const query = `SELECT ${column} AS value FROM ${deps.database}._events
    WHERE tenant = {tenant: String} AND occurred_second BETWEEN {first: UInt32} AND {last: UInt32} AND ${column} IS NOT NULL
    GROUP BY value LIMIT ${MAX_VALUES + 1}`
  const limits = { max_execution_time: deps.maxSeconds }
  const rows = await select<{ value: string }>(client, query, plan.params, limits, 'question')
  return rows.map(({ value }) => value)
}

/** The group at a place; undefined when a part of it had not been listed. */
export function unpackedGroup(packing: Packing, slot: number): Readonly<Record<string, string | null>> | undefined {
  const group: [string, string | null][] = []
  let rest = slot
  for (const { column, values } of packing.columns.toReversed()) {
    const place = rest % (values.length + 1)
    rest = Math.floor(rest / (values.length + 1))
    const value = values[place - 1]
    if (value === undefined) return undefined
    group.unshift([column, value === NULL_VALUE ? null : value])
  }
  return Object.fromEntries(group)
}
