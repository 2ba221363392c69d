/**
 * Mends one defect of kafkajs 2.2.4: with nothing to send, its request queue computes "throttled until -1, minus now" as a
 * delay, which Node takes as 1 ms (and, since 24, warns of: TimeoutNegativeWarning); the timer then sets itself again, so
 * that every connection wakes the process a thousand times a second. A queue without pending requests needs no timer.
 * docs/decisions/0010-kafka-client.md has the measurement.
 */
import { createRequire } from 'node:module'

type RequestQueue = {
  pending: readonly unknown[]
  throttledUntil: number
  scheduleCheckPendingRequests(): void
}

const load = createRequire(import.meta.url)
const KNOWN_VERSION = '2.2.4'
let isMended = false

/** Once a process; another version than the known one is left as it is. */
export function mendRequestQueue(): void {
  if (isMended) return
  isMended = true
  const { version } = load('kafkajs/package.json') as { version: string }
  if (version !== KNOWN_VERSION) return
  const { prototype } = load('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }
  const schedule = Object.getOwnPropertyDescriptor(prototype, 'scheduleCheckPendingRequests')?.value as (
    this: RequestQueue,
  ) => void
  prototype.scheduleCheckPendingRequests = function scheduleWhenPending(this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this)
  }
}
