/**
 * Distinct devices and users. Their numbers do not add up, so every level gets its own: each name is met once, with a mask of the
 * intervals that it was seen in, and from the names one query counts intervals, groups and the whole, which therefore agree.
 */
import { type Client, select } from './client.ts'
import type { TrendPlan } from './plan-trend.ts'
import type { Counted, Group, Series } from './counted.ts'

/** Intervals that one number of a mask holds. */
const MASK_BITS = 64

/** One row an interval chunk of a group, a group, or the whole (`of_chunk`, `of_group`: 1 where the row is not of one). */
type DistinctRow = Readonly<Record<`group_${number}`, string | number | null>> & {
  readonly chunk: number
  readonly of_chunk: number
  readonly of_group: number
  readonly seen: readonly number[]
  readonly total: number
  readonly fresh_at: string
}

export async function countDistinct(
  client: Client,
  database: string,
  plan: TrendPlan,
  maxSeconds: number,
): Promise<Counted> {
  const query = distinctSql(database, plan)
  const limits = { max_execution_time: maxSeconds }
  return toCounted(await select<DistinctRow>(client, query, plan.params, limits, 'question'), plan)
}

/** Column names are of a closed list (`GROUP_COLUMNS`), checked by the API's schema; everything else is our own. */
function distinctSql(database: string, { query, buckets, where }: TrendPlan): string {
  const who = query.measure === 'devices' ? 'device' : 'coalesce(user_sid, user)'
  const hasChunks = buckets.starts.length > MASK_BITS
  const chunk = hasChunks ? `intDiv(${buckets.sql}, ${MASK_BITS})` : 'toUInt32(0)'
  const bit = hasChunks ? `${buckets.sql} % ${MASK_BITS}` : buckets.sql
  const groups = query.groupBy.map((_, index) => `group_${index}`)
  const masks = `SELECT ${query.groupBy.map((column, index) => `${column} AS group_${index}, `).join('')}${who} AS who, ${chunk} AS chunk,
      groupBitOr(bitShiftLeft(toUInt64(1), toUInt8(${bit}))) AS mask, max(stored_at) AS fresh
    FROM ${database}._events FINAL WHERE ${where} GROUP BY ALL`
  const width = Math.min(MASK_BITS, buckets.starts.length)
  const seen = Array.from(
    { length: width },
    (_, index) => `toUInt32(countIf(who IS NOT NULL AND bitTest(mask, ${index})))`,
  )
  const sets = [[...groups, 'chunk'], ...(groups.length === 0 ? [] : [groups]), []]
  return `SELECT ${groups.map((name) => `${name}, `).join('')}chunk, toUInt8(grouping(chunk)) AS of_chunk, ${groups.length === 0 ? 'of_chunk' : 'toUInt8(grouping(group_0))'} AS of_group,
      [${seen.join(', ')}] AS seen, toUInt32(uniqExact(who)) AS total, max(fresh) AS fresh_at
    FROM (${masks}) GROUP BY GROUPING SETS (${sets.map((set) => `(${set.join(', ')})`).join(', ')})`
}

function toCounted(rows: readonly DistinctRow[], { query }: TrendPlan): Counted {
  const all = rows.find((row) => row.of_chunk === 1 && row.of_group === 1)
  const series = new Map<string, { group: Group; counts: [number, number][]; total: number }>()
  const at = (row: DistinctRow) => {
    const group = Object.fromEntries(query.groupBy.map((column, index) => [column, row[`group_${index}`] ?? null]))
    const name = JSON.stringify(Object.values(group))
    const known = series.get(name) ?? { group, counts: [], total: 0 }
    series.set(name, known)
    return known
  }
  for (const row of rows) {
    if (row.of_chunk === 0) {
      const { counts } = at(row)
      for (const [index, n] of row.seen.entries()) if (n > 0) counts.push([row.chunk * MASK_BITS + index, n])
    } else if (row.of_group === 0) at(row).total = row.total
  }
  const isWhole = query.groupBy.length === 0
  const list: Series[] = [...series.values()].map((one) => (isWhole ? { ...one, total: all?.total ?? 0 } : one))
  return { series: list, total: all?.total ?? 0, freshAt: list.length === 0 ? null : (all?.fresh_at ?? null) }
}
