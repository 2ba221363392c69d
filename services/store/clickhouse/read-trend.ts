/** Trends, counted from the rows as readers see them: one row per key, after every filter. Nothing is precomputed, so nothing can drift. */
import type { GroupColumn, Trend, TrendQuery } from '../../../schemas/api/queries.ts'
import { AppError } from '../../runtime/errors.ts'
import { planBuckets } from './buckets.ts'
import { type Client, select } from './client.ts'
import { countDistinct } from './count-distinct.ts'
import type { Counted, Group, Series } from './counted.ts'
import { createPacker, type Packer, type Packing, unpackedGroup } from './pack-groups.ts'
import type { ReadDeps } from './read-events.ts'
import { parseBound } from './times.ts'
import { planTrend, type TrendPlan } from './plan-trend.ts'

/** Most points in one answer. */
const MAX_POINTS = 2_000_000

export function createTrendReader(deps: ReadDeps) {
  const packer = createPacker(deps)
  return async function trend(query: TrendQuery): Promise<Trend> {
    const from = parseBound('from', query.from)
    const to = parseBound('to', query.to)
    if (!(from.text < to.text)) throw new AppError('REQUEST_INVALID', 'from must lie before to')
    const plan = planTrend(deps.database, query, planBuckets(query.interval, from, to, query.timeZone))
    const client = await deps.client()
    const counted = isDistinct(query)
      ? await countDistinct(client, deps.database, plan, deps.maxSeconds)
      : await countEvents(client, deps, plan, packer)
    return toTrend(plan, counted)
  }
}

const isDistinct = (query: TrendQuery) => query.measure === 'devices' || query.measure === 'users'

async function countEvents(client: Client, deps: ReadDeps, plan: TrendPlan, packer: Packer): Promise<Counted> {
  for (const isStale of [false, true]) {
    const packing = await packer.plan(client, plan, isStale)
    if (packing === undefined) break
    const counted = await countPacked(client, deps, plan, packing)
    if (counted !== undefined) return counted
  }
  return countPlain(client, deps, plan)
}

/** Interval and groups in one number: four times as fast to group by as several columns. */
async function countPacked(
  client: Client,
  deps: ReadDeps,
  plan: TrendPlan,
  packing: Packing,
): Promise<Counted | undefined> {
  const size = `{pack_size: UInt32}`
  const counting = `SELECT toUInt32(${plan.buckets.sql} * ${size} + ${packing.sql}) AS slot, toUInt32(count()) AS n, max(stored_at) AS fresh
    FROM ${deps.database}._events FINAL WHERE ${plan.where} GROUP BY slot`
  // One row with two lists: tens of thousands of rows would cost more to write and read than to count.
  const query = `SELECT groupArray((slot, n)) AS counts, max(fresh) AS fresh_at FROM (${counting})`
  const params = { ...plan.params, ...packing.params, pack_size: packing.size }
  const [row] = await select<PackedRow>(client, query, params, limits(deps), 'question')
  const groups = new Map<number, [number, number][]>()
  for (const [slot, n] of row?.counts ?? []) {
    const group = slot % packing.size
    const list = groups.get(group)
    const point: [number, number] = [Math.floor(slot / packing.size), n]
    if (list === undefined) groups.set(group, [point])
    else list.push(point)
  }
  const series: Series[] = []
  for (const [slot, counts] of groups) {
    const group = unpackedGroup(packing, slot)
    // A value that arrived after the values were listed.
    if (group === undefined) return undefined
    series.push({ group, counts, total: counts.reduce((sum, [, n]) => sum + n, 0) })
  }
  return {
    series,
    total: series.reduce((sum, { total }) => sum + total, 0),
    freshAt: series.length === 0 ? null : (row?.fresh_at ?? null),
  }
}

async function countPlain(client: Client, deps: ReadDeps, plan: TrendPlan): Promise<Counted> {
  const query = `SELECT ${groupList(plan)} groupArray((bucket, toUInt32(n))) AS counts, toFloat64(sum(n)) AS total, max(fresh) AS fresh_at
    FROM (SELECT ${groupList(plan)} ${plan.buckets.sql} AS bucket, count() AS n, max(stored_at) AS fresh
      FROM ${deps.database}._events FINAL WHERE ${plan.where} GROUP BY ALL)
    ${groupBy(plan)}`
  const rows = await select<SeriesRow>(client, query, plan.params, limits(deps), 'question')
  const series = rows.filter(({ counts }) => counts.length > 0).map((row) => toSeries(row, plan))
  return {
    series,
    total: series.reduce((sum, { total }) => sum + total, 0),
    freshAt: newest(rows.map((row) => row.fresh_at)),
  }
}

type PackedRow = { readonly counts: readonly (readonly [number, number])[]; readonly fresh_at: string }
type SeriesRow = Readonly<Record<string, string | number | null>> & {
  readonly counts: readonly (readonly [number, number])[] & string
  readonly total: number
  readonly fresh_at: string
}

const limits = (deps: ReadDeps) => ({ max_execution_time: deps.maxSeconds })
/** Column names are of a closed list (`GROUP_COLUMNS`), checked by the API's schema; `group_` keeps them apart from our own names. */
const groupList = (plan: TrendPlan) => plan.query.groupBy.map((column) => `${column},`).join(' ')
const groupBy = (plan: TrendPlan) =>
  plan.query.groupBy.length === 0 ? '' : `GROUP BY ${plan.query.groupBy.join(', ')}`

function toSeries(row: SeriesRow, plan: TrendPlan): Series {
  const group = Object.fromEntries(plan.query.groupBy.map((column) => [column, row[column] ?? null]))
  return { group, counts: row.counts, total: row.total }
}

const newest = (times: readonly string[]) =>
  times.reduce<string | null>((best, time) => (best === null || time > best ? time : best), null)

function toTrend(plan: TrendPlan, counted: Counted): Trend {
  const { query, buckets } = plan
  const empty: Series[] =
    query.groupBy.length === 0 && counted.series.length === 0 ? [{ group: {}, counts: [], total: 0 }] : []
  const series = [...counted.series, ...empty]
  if (series.length * buckets.starts.length > MAX_POINTS) {
    throw new AppError(
      'REQUEST_INVALID',
      `The answer has ${series.length} groups of ${buckets.starts.length} intervals, which is too much: filter, or group by less`,
    )
  }
  const named = series.map(({ group, counts, total }) => {
    const points = buckets.starts.map((start): [string, number] => [start, 0])
    for (const [bucket, n] of counts) {
      const point = points[bucket]
      if (point !== undefined) point[1] = n
    }
    return { group: { ...group }, points, total }
  })
  named.sort((left, right) => right.total - left.total || compareGroups(left.group, right.group, query.groupBy))
  const { measure, interval, from, to } = query
  return {
    measure,
    interval,
    from,
    to,
    group_by: [...query.groupBy],
    series: named,
    total: counted.total,
    fresh_at: counted.series.length === 0 ? null : counted.freshAt,
  }
}

function compareGroups(left: Group, right: Group, columns: readonly GroupColumn[]): number {
  for (const column of columns) {
    const [a, b] = [String(left[column] ?? ''), String(right[column] ?? '')]
    if (a !== b) return a < b ? -1 : 1
  }
  return 0
}
