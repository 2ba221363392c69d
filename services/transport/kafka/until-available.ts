/** Tries until the brokers answer: a service that starts before Kafka, or outlives it, waits and says so. */
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { createReminder } from '../../runtime/reminder.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 5_000

export type WaitingDeps<T> = {
  readonly log: Logger
  readonly signal: AbortSignal
  /** Hears of every failed attempt. */
  readonly onFailure?: (error: AppError) => void
  /** Gets what an attempt brings that nobody waits for any more. */
  readonly discard: (result: T) => Promise<void>
}

/**
 * Resolves with what `attempt` brought. Only BROKER_UNAVAILABLE is tried again; every other error is thrown. Rejects with
 * STOPPING as soon as `signal` is aborted: an attempt that is under way, which may take many seconds, is left to end by itself.
 */
export async function untilAvailable<T>(attempt: () => Promise<T>, deps: WaitingDeps<T>): Promise<T> {
  const reminder = createReminder()
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    throwIfStopping(deps.signal)
    try {
      const result = await unlessStopping(attempt(), deps)
      if (reminder.wasDue()) deps.log.info('Kafka answers')
      return result
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'BROKER_UNAVAILABLE') throw error
      deps.onFailure?.(error)
      if (reminder.isDue()) deps.log.warn({ err: error }, 'Kafka does not answer: waiting for it')
    }
    await pause(waitMs, deps.signal)
  }
}

/** Waits, or less where `signal` is aborted meanwhile. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}

async function unlessStopping<T>(attempt: Promise<T>, { signal, discard }: WaitingDeps<T>): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const onAbort = () => {
    attempt.then(discard).catch(() => undefined) // its failure is no news any more
    reject(stopping())
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([attempt, stopped])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

export function throwIfStopping(signal: AbortSignal): void {
  if (signal.aborted) throw stopping()
}

function stopping(): AppError {
  return new AppError('STOPPING', 'The Kafka transport is stopping.', { retryable: true })
}
