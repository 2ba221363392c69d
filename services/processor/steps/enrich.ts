/**
 * Step 3. What is known about the device, its user and its tenant at the time of the event. No facts are collected yet:
 * the step hands on none, and the verdict says which ones would settle it.
 */
import type { NormalisedEvent } from './normalise.ts'

export type Facts = {
  readonly device_id: string | null
  readonly os_build: number | null
  readonly os_ubr: number | null
  readonly join_type: string | null
  /** Raised whenever the facts that held at the event's time change (32 bits); part of `revision`. */
  readonly position: number
}

export type Enrich = (tenant: string, event: NormalisedEvent) => Facts

const NO_FACTS: Facts = { device_id: null, os_build: null, os_ubr: null, join_type: null, position: 0 }

export function enrichWithNothing(): Facts {
  return NO_FACTS
}
