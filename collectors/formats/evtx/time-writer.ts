/** Writes times as ISO 8601 UTC, Latin-1, into a buffer at a position and returns the position after them. */
import { writeDecimal, writePadded } from './number-writer.ts'

const SECONDS_PER_DAY = 86400
const TICKS_PER_SECOND = 1e7
/** 9999-12-31T23:59:59 as seconds since 1601; ISO 8601 with four digits for the year ends there. */
const MAX_SECONDS = 265046774399
const DAYS_1601_TO_1970 = 134774

/** Whole seconds since 1601 of a FILETIME, 100 ns ticks in two halves. Exact: 2^32 = 429 * 10^7 + 4967296. */
function fileTimeSeconds(high: number, low: number): number {
  return high * 429 + Math.floor((high * 4967296 + low) / TICKS_PER_SECOND)
}

/** With all seven digits. A time after the year 9999 has no such form and is written as its count of ticks. */
export function writeFileTime(text: Buffer, at: number, high: number, low: number): number {
  const seconds = fileTimeSeconds(high, low)
  if (seconds > MAX_SECONDS) return writeDecimal(text, at, high, low)
  const ticks = (high * 4967296 + low) % TICKS_PER_SECOND
  const days = Math.floor(seconds / SECONDS_PER_DAY)
  const second = seconds - days * SECONDS_PER_DAY
  let position = writeDate(text, at, days)
  position = writeClock(text, position, Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60)
  text[position] = 0x2e
  position = writePadded(text, position + 1, ticks, 7)
  text[position] = 0x5a
  return position + 1
}

/** Does `writeFileTime` write this one as a date? */
export function isDatable(high: number, low: number): boolean {
  return fileTimeSeconds(high, low) <= MAX_SECONDS
}

/** A SYSTEMTIME (eight 16-bit numbers) with its three digits; its numbers are printed as they are, right or wrong. */
export function writeSystemTime(text: Buffer, at: number, view: DataView, offset: number): number {
  const number = (index: number) => view.getUint16(offset + index * 2, true)
  let position = writeNumber(text, at, number(0), 4)
  text[position] = 0x2d
  position = writeNumber(text, position + 1, number(1), 2)
  text[position] = 0x2d
  position = writeNumber(text, position + 1, number(3), 2)
  position = writeClock(text, position, number(4), number(5), number(6))
  text[position] = 0x2e
  position = writeNumber(text, position + 1, number(7), 3)
  text[position] = 0x5a
  return position + 1
}

function writeNumber(text: Buffer, at: number, value: number, digits: number): number {
  return value < 10 ** digits ? writePadded(text, at, value, digits) : writeDecimal(text, at, 0, value)
}

/** `Thh:mm:ss`. */
function writeClock(text: Buffer, at: number, hour: number, minute: number, second: number): number {
  text[at] = 0x54
  let position = writeNumber(text, at + 1, hour, 2)
  text[position] = 0x3a
  position = writeNumber(text, position + 1, minute, 2)
  text[position] = 0x3a
  return writeNumber(text, position + 1, second, 2)
}

/** The last date written: neighbouring events nearly always share it. */
const lastDate = { days: -1, text: Buffer.alloc(10) }

/** `YYYY-MM-DD` of a count of days since 1601-01-01. */
function writeDate(text: Buffer, at: number, days: number): number {
  if (days !== lastDate.days) {
    const iso = new Date((days - DAYS_1601_TO_1970) * SECONDS_PER_DAY * 1000).toISOString()
    lastDate.text.write(iso, 0, 10, 'latin1')
    lastDate.days = days
  }
  for (let index = 0; index < 10; index += 1) text[at + index] = lastDate.text[index] as number
  return at + 10
}
