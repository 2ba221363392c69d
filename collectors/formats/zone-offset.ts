/** From the time on a wall clock to UTC, by the IANA time zone database that comes with the runtime. */

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Is it a time zone that the runtime knows, such as `Europe/Berlin`? */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/**
 * UTC milliseconds of `wallClock` (the clock's reading, as if it were UTC milliseconds) in `timeZone`.
 *
 * Where a clock shows the same time twice (it was set back), the first of the two is taken: the offset that held
 * before the change. A time that the clock skipped is read with the offset before the change too, so it comes out as
 * much after the change as it is written past the gap's begin. That is what `java.time` and `Temporal` ("compatible")
 * do. Unknown zones throw RangeError: settings are checked before any record is read.
 */
export function shiftToUtc(wallClock: number, timeZone: string): number {
  const dayMillis = 86_400_000
  // No zone changes its offset twice within two days, so these are the offsets before and after any change at hand.
  const before = offsetAt(wallClock - dayMillis, timeZone)
  const after = offsetAt(wallClock + dayMillis, timeZone)
  const early = wallClock - before
  if (offsetAt(early, timeZone) === before) return early
  const late = wallClock - after
  return offsetAt(late, timeZone) === after ? late : early
}

/** Milliseconds that the clock in `timeZone` is ahead of UTC at an instant. */
function offsetAt(instant: number, timeZone: string): number {
  const wholeSeconds = Math.floor(instant / 1000) * 1000
  const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  let isBeforeChrist = false
  for (const { type, value } of formatterOf(timeZone).formatToParts(wholeSeconds)) {
    if (type in parts) parts[type as keyof typeof parts] = Number(value)
    else if (type === 'era') isBeforeChrist = value.startsWith('B')
  }
  const clock = new Date(0)
  clock.setUTCFullYear(isBeforeChrist ? 1 - parts.year : parts.year, parts.month - 1, parts.day)
  clock.setUTCHours(parts.hour, parts.minute, parts.second)
  return clock.getTime() - wholeSeconds
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const formatter = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formatters.set(timeZone, formatter)
  return formatter
}
