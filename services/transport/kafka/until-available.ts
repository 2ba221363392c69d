/** Tries until the brokers answer: a service that starts before Kafka, or outlives it, waits and says so. */
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 5_000
/** How often the waiting is said again. */
const REMIND_MS = 60_000

/**
 * Resolves with what `attempt` brought. Only BROKER_UNAVAILABLE is tried again; every other error is thrown. Rejects with
 * STOPPING when `signal` is aborted. `onFailure` hears of every failed attempt.
 */
export async function untilAvailable<T>(
  attempt: () => Promise<T>,
  deps: { readonly log: Logger; readonly signal: AbortSignal; readonly onFailure?: (error: AppError) => void },
): Promise<T> {
  let saidAt = -Infinity
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    throwIfStopping(deps.signal)
    try {
      const result = await attempt()
      if (saidAt > -Infinity) deps.log.info('Kafka answers')
      return result
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'BROKER_UNAVAILABLE') throw error
      deps.onFailure?.(error)
      if (performance.now() - saidAt >= REMIND_MS) {
        saidAt = performance.now()
        deps.log.warn({ err: error }, 'Kafka does not answer: waiting for it')
      }
    }
    await pause(waitMs, deps.signal)
  }
}

/** Waits, or less where `signal` is aborted meanwhile. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}

function throwIfStopping(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('STOPPING', 'The Kafka transport is stopping.', { retryable: true })
}
