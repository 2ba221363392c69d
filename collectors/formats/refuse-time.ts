/** The refusals of a record whose time cannot be told. */
import type { TimeProblem } from './event-time.ts'
import { type Refusal, refuse } from './field-values.ts'

/** `problem` is what `utcTime` said; undefined when there was no text to read. */
export function refuseTime(field: string, value: unknown, problem: string | undefined): Refusal {
  if (problem === undefined) return refuse('no_time', `${field} is missing`)
  const shown = JSON.stringify(value).slice(0, 80)
  if (problem === ('no_zone' satisfies TimeProblem)) return refuse('time_zone_unknown', `${field} ${shown} has no zone`)
  return refuse('invalid_event', `${field} ${shown} is not a time`)
}
