/** Parameters of a trend: its range, groups and zone, and how large its answer may become. */
import { GROUP_COLUMNS, type GroupColumn, type Interval, type Trend } from '../../../schemas/api/queries.ts'
import { AppError } from '../../runtime/errors.ts'
import { nearestName } from '../../runtime/nearest-name.ts'
import { invalidParameter, quote } from '../request-error.ts'
import { parseTimeRange, readTimeZone } from './time.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DEFAULT_RANGE_MS = 7 * DAY_MS
const INTERVAL_MS: { readonly [I in Interval]: number } = {
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '1d': DAY_MS,
  '1w': 7 * DAY_MS,
}

/** A year and more by hour. */
const MAX_POINTS_OF_A_SERIES = 10_000
/** About 6 MB of JSON. */
const MAX_POINTS = 200_000
const MAX_GROUP_COLUMNS = 4

type Range = { readonly from: string; readonly to: string }

/** Without `to`: the end of the current hour, so that the last point is the hour under way; without `from`: 7 days before. */
export function trendRange(query: { readonly from?: string; readonly to?: string }, now: Date): Range {
  const given = parseTimeRange(query)
  const endOfHour = new Date(Math.ceil((now.getTime() + 1) / HOUR_MS) * HOUR_MS)
  const to = given.to ?? isoSecond(endOfHour)
  const from = given.from ?? isoSecond(new Date(Date.parse(to) - DEFAULT_RANGE_MS))
  return { from, to, ...parseTimeRange({ from, to }) }
}

function isoSecond(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

/** The most series that may be answered; throws REQUEST_INVALID when one alone would have too many points. */
export function seriesLimit(range: Range, interval: Interval): number {
  const points = Math.ceil((Date.parse(range.to) - Date.parse(range.from)) / INTERVAL_MS[interval]) + 1
  if (points > MAX_POINTS_OF_A_SERIES) {
    throw new AppError(
      'REQUEST_INVALID',
      `from ${range.from} to ${range.to} by ${interval} are ${points} points; at most ${MAX_POINTS_OF_A_SERIES} are given. ` +
        'Narrow the range or take a wider interval',
    )
  }
  return Math.max(1, Math.floor(MAX_POINTS / points))
}

/** Throws REQUEST_INVALID when there are more series than `seriesLimit` gave. */
export function checkSeries(trend: Trend, mostSeries: number): void {
  const groups = trend.series.length
  if (groups <= mostSeries) return
  throw new AppError(
    'REQUEST_INVALID',
    `the answer would have ${groups} series; at most ${mostSeries} of this range and interval are given. ` +
      'Filter, group by fewer columns, narrow the range or take a wider interval',
  )
}

export function parseGroupBy(text: string | undefined): GroupColumn[] {
  if (text === undefined || text === '') return []
  const columns = text.split(',').map((name) => groupColumn(name.trim()))
  if (new Set(columns).size !== columns.length) throw new AppError('REQUEST_INVALID', 'group_by names a column twice')
  if (columns.length > MAX_GROUP_COLUMNS) {
    throw new AppError(
      'REQUEST_INVALID',
      `group_by has ${columns.length} columns; at most ${MAX_GROUP_COLUMNS} are taken`,
    )
  }
  return columns
}

function groupColumn(name: string): GroupColumn {
  const column = GROUP_COLUMNS.find((known) => known === name)
  if (column !== undefined) return column
  const nearest = nearestName(name, GROUP_COLUMNS)
  const hint = nearest === undefined ? `there are ${GROUP_COLUMNS.join(', ')}` : `did you mean ${nearest}?`
  throw new AppError('REQUEST_INVALID', `group_by cannot be ${quote(name)}; ${hint}`)
}

export function parseTimeZone(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  const zone = readTimeZone(name)
  if (zone === undefined) throw invalidParameter('time_zone', 'an IANA zone such as Europe/Amsterdam', name)
  return zone
}
