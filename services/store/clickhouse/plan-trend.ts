/** The question of a trend as SQL: its intervals, the condition on the rows, and the parameters of both. */
import type { TrendQuery } from '../../../schemas/api/queries.ts'
import type { Buckets } from './buckets.ts'
import { filterCondition } from './filter-sql.ts'
import { floorQuery } from './retention.ts'
import { parseBound } from './times.ts'

export type TrendPlan = {
  readonly query: TrendQuery
  readonly buckets: Buckets
  readonly where: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Throws REQUEST_INVALID for a time or a filter value that is none. */
export function planTrend(database: string, query: TrendQuery, buckets: Buckets): TrendPlan {
  const from = parseBound('from', query.from)
  const to = parseBound('to', query.to)
  const filter = filterCondition(query.filters)
  const parts = [
    'tenant = {tenant: String}',
    `occurred_second >= greatest(toDateTime({first: UInt32}, 'UTC'), ${floorQuery(database)})`,
    'occurred_second <= {last: UInt32}',
    filter.sql,
  ]
  // Whole seconds need no look at the finer time.
  if (from.fraction > 0) parts.push(`occurred_at >= {from: DateTime64(7, 'UTC')}`)
  if (to.fraction > 0) parts.push(`occurred_at < {to: DateTime64(7, 'UTC')}`)
  if (query.measure === 'failures') {
    parts.push(`outcome = 'failure'`)
    if (!query.filters.some(({ column }) => column === 'scope')) parts.push(`scope = 'roaming'`)
  }
  const last = to.fraction > 0 ? to.second : to.second - 1
  const range = { tenant: query.tenant, first: from.second, last, from: from.text, to: to.text }
  return { query, buckets, where: parts.join(' AND '), params: { ...filter.params, ...range } }
}
