/**
 * The intervals of a trend: how a row finds its interval in SQL, and when each interval begins. Both come from one list of the
 * zone's offsets, so they cannot disagree, whatever zone rules the server knows.
 */
import type { Interval } from '../../../schemas/api/queries.ts'
import { AppError } from '../../runtime/errors.ts'
import { type Bound, secondToIso } from './times.ts'
import { checkZone, type OffsetRun, offsetRuns } from './zone-offsets.ts'

export type Buckets = {
  /** SQL over `occurred_second`: the number of the interval, from 0. */
  readonly sql: string
  /** ISO 8601 UTC instant at which each interval begins; the first may begin before `from`. */
  readonly starts: readonly string[]
}

/** A stretch with one offset. The number of a second's interval: the greater of `least` and (second + add) / width - base. */
type Run = { readonly begin: number; readonly add: number; readonly base: number; readonly least: number }

const HOUR = 3600
const DAY = 86_400
const WEEK = 7 * DAY
const WIDTHS: Readonly<Record<Interval, number>> = { '1h': HOUR, '6h': 6 * HOUR, '1d': DAY, '1w': WEEK }
/** 1970-01-01 was a Thursday, so weeks that begin on Monday are three days ahead of its weeks. */
const TO_MONDAY = 3 * DAY
const MAX_BUCKETS = 20_000

/**
 * Intervals of the zone's wall clock: hours, quarters of a day (from 00, 06, 12, 18), days, weeks from Monday. One in which clocks change
 * is longer or shorter; but hours are never longer: the hour that comes twice is two. `from` < `to`.
 * Throws REQUEST_INVALID for more than 20,000 intervals or an unknown time zone.
 */
export function planBuckets(interval: Interval, from: Bound, to: Bound, timeZone = 'UTC'): Buckets {
  const zone = checkZone(timeZone)
  const width = WIDTHS[interval]
  // Last second that can hold an event before `to`.
  const last = to.fraction === 0 ? to.second - 1 : to.second
  checkCount(Math.floor((last - from.second) / width))
  // Clocks may have changed between the start of the first interval and `from`.
  const offsets = offsetRuns(zone, from.second - width - DAY, last)
  const { runs, starts } = layOut(interval, offsets, last)
  const first = starts.findLastIndex((start) => start <= from.second)
  checkCount(starts.length - first)
  const shown = runs.filter((_, index) => (runs[index + 1]?.begin ?? Infinity) > from.second)
  return { sql: numberSql(shown, width, first), starts: starts.slice(first).map((start) => secondToIso(start)) }
}

function layOut(interval: Interval, offsets: readonly OffsetRun[], last: number) {
  const width = WIDTHS[interval]
  const runs: Run[] = []
  const starts: number[] = []
  for (const [index, { begin, offset }] of offsets.entries()) {
    // A week more keeps everything above zero, since the second is unsigned.
    const add = offset + WEEK + (interval === '1w' ? TO_MONDAY : 0)
    const label = Math.floor((begin + add) / width)
    const before = runs.at(-1)
    const newest = before === undefined ? -Infinity : before.base + starts.length - 1
    const isBoundary = before !== undefined && ((begin + before.add) % width === 0 || (begin + add) % width === 0)
    const isNew = interval === '1h' ? isBoundary || label !== newest : label > newest
    if (isNew) starts.push(before === undefined ? label * width - add : begin)
    const current = starts.length - 1
    const base = (isNew ? label : newest) - current
    runs.push({ begin, add, base, least: current })
    const end = offsets[index + 1]?.begin ?? last + 1
    for (let start = (base + starts.length) * width - add; start < end; start += width) starts.push(start)
  }
  return { runs, starts }
}

/** All of it numbers that were computed here. */
function numberSql(runs: readonly Run[], width: number, first: number): string {
  const [only] = runs
  // One offset for the whole range, the common case: 32 bits divide in half the time of 64, and no row in range lies before the first start.
  if (only !== undefined && runs.length === 1) {
    return `intDiv(toUInt32(occurred_second - ${(only.base + first) * width - only.add}), ${width})`
  }
  const second = 'toUInt64(occurred_second)'
  const numbers = runs.map(({ add, base, least }, index) => {
    const number = `intDiv(${second} + ${add}, ${width}) - ${base + first}`
    return index === 0 ? number : `greatest(${number}, ${Math.max(0, least - first)})`
  })
  const cases = runs.slice(1).flatMap(({ begin }, index) => [`${second} < ${begin}`, numbers[index]])
  return cases.length === 0 ? `toUInt32(${numbers[0]})` : `toUInt32(multiIf(${[...cases, numbers.at(-1)].join(', ')}))`
}

function checkCount(count: number): void {
  if (count > MAX_BUCKETS) {
    throw new AppError(
      'REQUEST_INVALID',
      `The range has ${count} intervals, the most is ${MAX_BUCKETS}: ask for a shorter range or a longer interval`,
    )
  }
}
