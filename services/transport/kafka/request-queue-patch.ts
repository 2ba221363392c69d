/**
 * Mends one defect of kafkajs 2.2.4: with nothing to send, its request queue computes "throttled until -1, minus now" as a
 * delay, which Node takes as 1 ms (and, since 24, warns of: TimeoutNegativeWarning); the timer then sets itself again, so
 * that every connection wakes the process a thousand times a second. A queue without pending requests needs no timer.
 * docs/decisions/0010-kafka-client.md has the measurement.
 */
import { loadInternal, methodOf, onceInKnownVersion } from './kafkajs-internals.ts'

type RequestQueue = {
  pending: readonly unknown[]
  throttledUntil: number
  scheduleCheckPendingRequests(this: RequestQueue): void
}

export const mendRequestQueue = onceInKnownVersion(() => {
  const { prototype } = loadInternal('network/requestQueue/index.js') as { prototype: RequestQueue }
  const schedule = methodOf(prototype, 'scheduleCheckPendingRequests')
  prototype.scheduleCheckPendingRequests = function scheduleWhenPending() {
    if (this.pending.length > 0) schedule.call(this)
  }
})
