/** Times and zones of a request, made canonical: ISO 8601 UTC with the fraction that was given. */
import { AppError } from '../../runtime/errors.ts'
import { invalidParameter } from '../request-error.ts'

const ACCEPTS = 'a time such as 2026-11-01 or 2026-11-01T08:00:00Z'
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,7}))?)?(?:([Zz])|([+-])(\d\d):?(\d\d))$/

/** No event is older or, with any clock, younger: outside of it every answer would be empty. */
const EARLIEST = '1990-01-01T00:00:00Z'
const LATEST = '2100-01-01T00:00:00Z'

export type TimeRange = { readonly from?: string; readonly to?: string }

/** Throws REQUEST_INVALID unless both are times between 1990 and 2100 and `from` lies before `to`. */
export function parseTimeRange(query: { readonly from?: string; readonly to?: string }): TimeRange {
  const from = query.from === undefined ? undefined : parseTime('from', query.from)
  const to = query.to === undefined ? undefined : parseTime('to', query.to)
  checkOrder(from, to)
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

function checkOrder(from: string | undefined, to: string | undefined): void {
  if (from === undefined || to === undefined) return
  if (sortKey(from) >= sortKey(to)) throw new AppError('REQUEST_INVALID', `from (${from}) must lie before to (${to})`)
}

/** Sorts as the time does; the canonical text does not, because Z comes after the point of a fraction. */
function sortKey(time: string): string {
  const [second = '', fraction = ''] = time.slice(0, -1).split('.')
  return second + fraction.padEnd(7, '0')
}

/** ISO 8601 UTC. A date is its midnight in UTC. */
export function parseTime(name: string, text: string): string {
  const time = readTime(text)
  if (time === undefined) {
    const isLocal = readTime(`${text}Z`) !== undefined
    const isPlusLost = readTime(text.replace(/ (?=\d\d:?\d\d$)/, '+')) !== undefined
    const hint = isPlusLost ? ' (write + as %2B in a URL)' : isLocal ? ' (end it with Z for UTC, or an offset)' : ''
    throw invalidParameter(name, ACCEPTS + hint, text)
  }
  if (sortKey(time) < sortKey(EARLIEST) || sortKey(time) > sortKey(LATEST)) {
    throw invalidParameter(name, `from ${EARLIEST} to ${LATEST}: no event has another time`, text)
  }
  return time
}

function readTime(text: string): string | undefined {
  const date = DATE.exec(text)
  const match = date ?? DATE_TIME.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', , sign, zoneHour, zoneMinute] =
    match
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const ms = Date.parse(`${local}Z`)
  // Date.parse takes 2026-02-30 and 24:00:00 and shifts them.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== local) return undefined
  const offsetMinutes = offsetOf(sign, zoneHour, zoneMinute)
  if (offsetMinutes === undefined) return undefined
  const utc = new Date(ms - offsetMinutes * 60_000).toISOString()
  if (utc.length !== 24) return undefined
  const digits = fraction.replace(/0+$/, '')
  return `${utc.slice(0, 19)}${digits === '' ? '' : `.${digits}`}Z`
}

function offsetOf(sign?: string, hours?: string, minutes?: string): number | undefined {
  if (sign === undefined) return 0
  const offset = Number(hours) * 60 + Number(minutes)
  if (Number(minutes) > 59 || offset > 14 * 60) return undefined
  return sign === '-' ? -offset : offset
}

/** An IANA zone under its own name; undefined when there is no such zone. Bare offsets are no zones. */
export function readTimeZone(name: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}
