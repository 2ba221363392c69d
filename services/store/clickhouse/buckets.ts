/** The intervals of a trend: how a row finds its interval in SQL, and when each interval begins. */
import type { Interval } from '../../../schemas/api/queries.ts'
import { AppError } from '../../runtime/errors.ts'
import { type Bound, secondToIso } from './times.ts'

export type Buckets = {
  /** SQL over `occurred_second`: the number of the interval, from 0. */
  readonly sql: string
  /** Values for the parameters in `sql`. */
  readonly params: Readonly<Record<string, unknown>>
  /** ISO 8601 UTC instant at which each interval begins; the first may begin before `from`. */
  readonly starts: readonly string[]
}

const HOUR = 3600
const DAY = 86_400
/** 1970-01-01 was a Thursday: day 4 was the first Monday. */
const FIRST_MONDAY = 4
const MAX_BUCKETS = 20_000

/** `from` < `to`. Throws REQUEST_INVALID for more than 20,000 intervals or an unknown time zone. */
export function planBuckets(interval: Interval, from: Bound, to: Bound, timeZone = 'UTC'): Buckets {
  const zone = checkZone(timeZone)
  const isFixed = zone === 'UTC' || interval === '1h' || interval === '6h'
  return isFixed ? fixedBuckets(interval, from, to) : zonedBuckets(interval, from, to, zone)
}

/** Last second that can hold an event before `to`. */
const lastSecond = (to: Bound) => (to.fraction === 0 ? to.second - 1 : to.second)

function fixedBuckets(interval: Interval, from: Bound, to: Bound): Buckets {
  const width = interval === '1h' ? HOUR : interval === '6h' ? 6 * HOUR : interval === '1d' ? DAY : 7 * DAY
  // Weeks begin on Monday. Kept above zero, since the second is unsigned.
  const shift = interval === '1w' ? (7 - FIRST_MONDAY) * DAY : 0
  const first = Math.floor((from.second + shift) / width)
  const count = Math.floor((lastSecond(to) + shift) / width) - first + 1
  checkCount(count)
  const starts = Array.from({ length: count }, (_, index) => startAt((first + index) * width - shift))
  const sql = `toUInt32(intDiv(toUInt64(occurred_second) + {bucket_shift: UInt64}, {bucket_width: UInt64}) - {bucket_first: UInt64})`
  return { sql, params: { bucket_shift: shift, bucket_width: width, bucket_first: first }, starts }
}

function zonedBuckets(interval: Interval, from: Bound, to: Bound, zone: string): Buckets {
  const localDay = dayReader(zone)
  const days = interval === '1d' ? 1 : 7
  const shift = interval === '1w' ? 7 - FIRST_MONDAY : 0
  const first = Math.floor((localDay(from.second) + shift) / days)
  const count = Math.floor((localDay(lastSecond(to)) + shift) / days) - first + 1
  checkCount(count)
  const starts = Array.from({ length: count }, (_, index) =>
    startAt(startOfDay((first + index) * days - shift, localDay)),
  )
  const sql = `toUInt32(intDiv(toUInt32(toRelativeDayNum(occurred_second, {bucket_zone: String})) + {bucket_shift: UInt32}, {bucket_days: UInt32}) - {bucket_first: UInt32})`
  return { sql, params: { bucket_zone: zone, bucket_shift: shift, bucket_days: days, bucket_first: first }, starts }
}

/** Days since 1970-01-01 of the local date at a second. */
function dayReader(zone: string): (second: number) => number {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  return (second) => Date.parse(`${format.format(second * 1000)}T00:00:00Z`) / (DAY * 1000)
}

/** First second of a local day. Not always midnight: some zones skip it when clocks go forward. */
function startOfDay(day: number, localDay: (second: number) => number): number {
  let before = day * DAY - 18 * HOUR
  let after = day * DAY + 18 * HOUR
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (localDay(middle) >= day) after = middle
    else before = middle
  }
  return after
}

const startAt = (second: number) => secondToIso(second)

function checkCount(count: number): void {
  if (count > MAX_BUCKETS) {
    throw new AppError(
      'REQUEST_INVALID',
      `The range has ${count} intervals, the most is ${MAX_BUCKETS}: ask for a shorter range or a longer interval`,
    )
  }
}

function checkZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', `time_zone must be an IANA zone, for example Europe/Berlin`, { cause })
  }
}
