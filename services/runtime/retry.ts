/** Repeats what an outside system refused for now, with growing pauses, until a deadline. */
import { AppError } from './errors.ts'

export type RetryOptions = {
  /** How long to go on after the first failure, in milliseconds. 0 = one attempt. */
  readonly deadlineMs: number
  /** Pause after the first failure; doubles up to `maxPauseMs`. Each pause is drawn from its upper half, so that many senders spread. */
  readonly firstPauseMs?: number
  readonly maxPauseMs?: number
  /** Ends the waiting: the last error is thrown at once. */
  readonly signal?: AbortSignal
  /** Called before each pause. */
  readonly onRetry?: (error: AppError, attempt: number, pauseMs: number) => void
  readonly clock?: () => number
  readonly random?: () => number
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/**
 * The result of `attempt`, called again while it throws a retryable AppError. Any other error is thrown at once, and the
 * last one when the deadline has passed or `signal` was aborted.
 */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { deadlineMs, firstPauseMs = 200, maxPauseMs = 10_000, signal } = options
  const { clock = Date.now, random = Math.random, sleep = sleepFor } = options
  let deadline: number | undefined
  for (let failures = 1; ; failures++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof AppError && error.retryable) || signal?.aborted === true) throw error
      deadline ??= clock() + deadlineMs
      const longest = Math.min(maxPauseMs, firstPauseMs * 2 ** (failures - 1))
      const pauseMs = Math.min(Math.round(longest * (0.5 + random() / 2)), deadline - clock())
      if (pauseMs <= 0) throw error
      options.onRetry?.(error, failures, pauseMs)
      await sleep(pauseMs, signal)
    }
  }
}

/** Resolves after `ms`, or as soon as `signal` is aborted. */
function sleepFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
    if (signal?.aborted === true) done()
  })
}
