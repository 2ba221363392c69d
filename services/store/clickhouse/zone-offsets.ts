/** What a zone's clocks are ahead of UTC, and from when on. */
import { AppError } from '../../runtime/errors.ts'

/** From `begin` (second since 1970) clocks are `offset` seconds ahead of UTC, until the next run begins. */
export type OffsetRun = { readonly begin: number; readonly offset: number }

/** No zone has changed its clocks and changed them back within this time, in seconds: three days. */
const STEP = 3 * 86_400

/** The runs that cover `first` to `last`, both inclusive; the first begins at `first`. */
export function offsetRuns(zone: string, first: number, last: number): readonly OffsetRun[] {
  const offsetAt = offsetReader(zone)
  const runs: OffsetRun[] = [{ begin: first, offset: offsetAt(first) }]
  for (let before = first; before < last; before += STEP) {
    const after = Math.min(before + STEP, last)
    const old = runs.at(-1)?.offset
    const offset = offsetAt(after)
    if (offset !== old) runs.push({ begin: changeBetween(before, after, (second) => offsetAt(second) !== old), offset })
  }
  return runs
}

/** First second after `before`, at most `after`, at which it has changed. */
function changeBetween(before: number, after: number, hasChanged: (second: number) => boolean): number {
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (hasChanged(middle)) after = middle
    else before = middle
  }
  return after
}

function offsetReader(zone: string): (second: number) => number {
  if (zone === 'UTC') return () => 0
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' })
  return function offsetAt(second) {
    const name = format.formatToParts(second * 1000).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    // GMT, GMT+05:30, GMT-00:44:30
    const [, sign, hours = 0, minutes = 0, seconds = 0] = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name) ?? []
    return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))
  }
}

/** The zone by its present name. Throws REQUEST_INVALID for one that does not exist. */
export function checkZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', `time_zone must be an IANA zone, for example Europe/Berlin`, { cause })
  }
}
