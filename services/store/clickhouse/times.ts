/** Times as ClickHouse keeps them, from and to the ISO 8601 that the project writes everywhere. */
import { AppError } from '../../runtime/errors.ts'

export type Instant = {
  /** Whole seconds since 1970, rounded down. */
  readonly second: number
  /** 0 to 9,999,999 ticks of 100 ns. */
  readonly fraction: number
}

const SHAPE = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.(\d{1,9}))?(?:Z|\+00:00)$/
const DAY_SECONDS = 86_400
/** Last second that ClickHouse's DateTime holds: 2106-02-07T06:28:15Z. */
export const LAST_SECOND = 4_294_967_295

/** Reads ISO 8601 UTC; undefined when it is not one or lies outside 1970 to 2106. Digits beyond 100 ns are cut. */
export function parseInstant(text: string): Instant | undefined {
  return parseFast(text) ?? parseAny(text)
}

/** By the count of fraction digits: what makes their number ticks of 100 ns. */
const TICKS = [1, 1_000_000, 100_000, 10_000, 1000, 100, 10, 1]

/** `2024-11-15T15:02:03Z` with 0 to 7 fraction digits, the spelling of nearly all times, without a regular expression or a Date. */
function parseFast(text: string): Instant | undefined {
  const { length } = text
  if (length < 20 || length > 28 || length === 21 || !isPunctuated(text)) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const day = digits(text, 8, 10)
  const hour = digits(text, 11, 13)
  const minute = digits(text, 14, 16)
  const second = digits(text, 17, 19)
  // Without a fraction no digit is read: 0.
  const fraction = digits(text, 20, length - 1) * (TICKS[length - 21] ?? 1)
  // Not-a-number fails every comparison.
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return undefined
  if (!(hour <= 23 && minute <= 59 && second <= 59 && fraction >= 0)) return undefined
  const total = daysFromCivil(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
  return total <= LAST_SECOND ? { second: total, fraction } : undefined
}

function isPunctuated(text: string): boolean {
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d || text.charCodeAt(10) !== 0x54) return false
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return false
  return text.charCodeAt(text.length - 1) === 0x5a && (text.length === 20 || text.charCodeAt(19) === 0x2e)
}

/** Any other spelling of a time in UTC. */
function parseAny(text: string): Instant | undefined {
  const match = SHAPE.exec(text)
  if (match === null) return undefined
  const whole = parseFast(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`)
  return whole && { second: whole.second, fraction: Number((match[1] ?? '').padEnd(7, '0').slice(0, 7)) }
}

function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let index = from; index < to; index++) {
    const digit = text.charCodeAt(index) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && isLeap ? 29 : (MONTHS[month - 1] ?? 0)
}

/** Days since 1970-01-01 of a Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export type Bound = Instant & { /** As ClickHouse takes it for a DateTime64(7) parameter. */ readonly text: string }

/** A bound of a time range. Throws REQUEST_INVALID, naming the parameter, when it is no time from 1970 to 2106. */
export function parseBound(name: string, text: string): Bound {
  const instant = parseInstant(text)
  if (instant === undefined) {
    throw new AppError(
      'REQUEST_INVALID',
      `${name} must be a UTC time from 1970 to 2106, for example 2026-11-01T00:00:00Z`,
    )
  }
  return {
    ...instant,
    text: `${secondToIso(instant.second).slice(0, 19).replace('T', ' ')}.${String(instant.fraction).padStart(7, '0')}`,
  }
}

/** `2024-11-15T15:02:03Z` of a second. */
export function secondToIso(second: number): string {
  return `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
}
