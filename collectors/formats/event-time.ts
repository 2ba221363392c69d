/**
 * Times of events: any ISO 8601 spelling that a shipper writes, turned into UTC with the digits it had, 100 ns at most
 * (the resolution of a FILETIME). Exact: whole seconds are shifted, fraction digits are carried as text.
 */
import { shiftToUtc } from './zone-offset.ts'

/** What is wrong with a text: it is no time, or only a zone makes it one. */
export type TimeProblem = 'invalid' | 'no_zone'
/** ISO 8601 UTC, or the problem: a time has at least 20 characters (`isTime`). */
export type TimeOrProblem = string

export const isTime = (text: TimeOrProblem): boolean => text.length >= 20

// Date, time, up to any number of fraction digits (comma or dot, ISO 8601 allows both), and a zone or none.
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))? ?(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?$/

/**
 * `2024-11-15T15:02:03.6949840Z` for any ISO 8601 text of that instant. `timeZone` (IANA) is used only for a text
 * without a zone. Digits beyond 100 ns are cut, never rounded: an event must not move into the next second.
 */
export function utcTime(text: string, timeZone?: string): TimeOrProblem {
  if (isPlainUtc(text)) return text
  const match = ISO.exec(text.trim())
  if (match === null) return 'invalid' satisfies TimeProblem
  const [, year, month, day, hour, minute, second, fraction, utc, sign, offsetHours, offsetMinutes] = match
  const local = `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}`
  if (!isPlainUtc(`${local}Z`)) return 'invalid' satisfies TimeProblem
  const digits = fraction === undefined ? '' : `.${fraction.slice(0, 7)}`
  if (utc !== undefined) return `${local}${digits}Z`
  if (sign !== undefined) {
    const minutes = Number(offsetHours) * 60 + Number(offsetMinutes ?? '0')
    // No zone was ever further than 15:59 from UTC; 18:00 is the limit of every ISO library.
    if (minutes > 18 * 60 || Number(offsetMinutes ?? '0') > 59) return 'invalid' satisfies TimeProblem
    return fromMillis(Date.parse(`${local}Z`) - (sign === '-' ? -minutes : minutes) * 60_000, digits)
  }
  if (timeZone === undefined) return 'no_zone' satisfies TimeProblem
  return fromMillis(shiftToUtc(Date.parse(`${local}Z`), timeZone), digits)
}

/** UTC of a count of nanoseconds since 1970 as decimal text, with seven digits (OTLP's `timeUnixNano`). */
export function utcFromUnixNanos(nanos: string): TimeOrProblem {
  if (!/^\d{1,20}$/.test(nanos)) return 'invalid' satisfies TimeProblem
  const padded = nanos.padStart(10, '0')
  return fromMillis(Number(padded.slice(0, -9)) * 1000, `.${padded.slice(-9, -2)}`)
}

/** UTC of whole milliseconds since 1970, with `digits` (`''` or `.` and digits) in place of the fraction. */
function fromMillis(millis: number, digits: string): TimeOrProblem {
  // Years outside 0000-9999 have six digits in ISO 8601 and no FILETIME.
  if (!(millis >= -62_167_219_200_000 && millis <= 253_402_300_799_999)) return 'invalid' satisfies TimeProblem
  return `${new Date(millis).toISOString().slice(0, 19)}${digits}Z`
}

const DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The spelling that nearly every copy has, checked without a regular expression or a Date. */
function isPlainUtc(text: string): boolean {
  const { length } = text
  if (length < 20 || length > 28 || length === 21) return false
  if (text.charCodeAt(length - 1) !== 0x5a || text.charCodeAt(10) !== 0x54) return false
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return false
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return false
  for (let i = 20; i < length - 1; i++) if (!isDigit(text.charCodeAt(i))) return false
  if (length > 20 && text.charCodeAt(19) !== 0x2e) return false
  const century = twoDigits(text, 0)
  const yearOfCentury = twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  if (century < 0 || yearOfCentury < 0 || month < 1 || month > 12 || day < 1) return false
  if (day > 28 && day > daysIn(century * 100 + yearOfCentury, month)) return false
  return within(twoDigits(text, 11), 23) && within(twoDigits(text, 14), 59) && within(twoDigits(text, 17), 59)
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && !isLeap ? 28 : (DAYS[month] ?? 0)
}

const within = (value: number, highest: number): boolean => value >= 0 && value <= highest
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at)
  const ones = text.charCodeAt(at + 1)
  return isDigit(tens) && isDigit(ones) ? (tens - 0x30) * 10 + ones - 0x30 : -1
}
