/**
 * The time of an event: read by hand, since `Date` keeps milliseconds only and rolls impossible dates over, and
 * this runs once an event.
 */

export type EventTime = {
  /** Whole seconds since 1970, rounded down. */
  readonly second: number
  /** ISO 8601 UTC with exactly seven fraction digits (100 ns, the resolution of Windows' FILETIME). */
  readonly full: string
  /** Fraction digits that the copy had, 0 to 7. */
  readonly digits: number
}

/** 1990-01-01T00:00:00Z: no Windows event log is older. */
export const EARLIEST_SECOND = 631_152_000
/** A clock may run ahead by a year and a day; beyond that the time says nothing. */
export const LATEST_AHEAD_SECONDS = 366 * 86_400

const FILLERS = ['0000000Z', '000000Z', '00000Z', '0000Z', '000Z', '00Z', '0Z']
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Reads `YYYY-MM-DDThh:mm:ss[.f{1,7}]Z`. undefined when the text has another form or names a moment that does not exist
 * (31 June, hour 24, second 60: FILETIME has no leap seconds).
 */
export function parseEventTime(text: string): EventTime | undefined {
  const digits = fractionDigits(text)
  if (digits === undefined) return undefined
  const day = daysSinceEpoch(twoDigits(text, 0) * 100 + twoDigits(text, 2), twoDigits(text, 5), twoDigits(text, 8))
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  if (!(hour < 24 && minute < 60 && second < 60) || Number.isNaN(day)) return undefined
  return {
    second: day * 86_400 + hour * 3600 + minute * 60 + second,
    full: digits === 7 ? text : `${text.slice(0, 19)}.${text.slice(20, -1)}${FILLERS[digits] ?? ''}`,
    digits,
  }
}

/** Checks the punctuation; the number of fraction digits (0 to 7), or undefined. */
function fractionDigits(text: string): number | undefined {
  const { length } = text
  if (length < 20 || length > 28 || length === 21 || text.charCodeAt(length - 1) !== 0x5a) return undefined
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d || text.charCodeAt(10) !== 0x54) return undefined
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return undefined
  if (length === 20) return 0
  if (text.charCodeAt(19) !== 0x2e) return undefined
  for (let at = 20; at < length - 1; at++) if (!isDigit(text.charCodeAt(at))) return undefined
  return length - 21
}

/** NaN when either character is no digit. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at)
  const ones = text.charCodeAt(at + 1)
  return isDigit(tens) && isDigit(ones) ? (tens - 48) * 10 + (ones - 48) : NaN
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Days since 1970-01-01 in the Gregorian calendar; NaN for a day that does not exist. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return NaN
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  if (day > (DAYS_IN_MONTH[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0)) return NaN
  // Years begin in March here, so that the leap day is the last of its year.
  const marchYear = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + dayOfYear - 719_468
}
