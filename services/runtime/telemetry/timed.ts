/** Durations of work for metrics, whether it ends at once or later, well or not. */

/** How long it took, and what it threw. */
export type Done = (seconds: number, error?: unknown) => void

/** Runs `work`, whose result or error it passes on; a promise is timed until it is settled. `done` comes before whoever waits for it. */
export function timed<T>(work: () => T, done: Done): T {
  const startedAt = performance.now()
  const end = (error?: unknown) => done((performance.now() - startedAt) / 1000, error)
  const fail = (error: unknown): never => {
    end(error)
    throw error
  }
  try {
    const result = work()
    if (!(result instanceof Promise)) {
      end()
      return result
    }
    return result.then((value: unknown) => {
      end()
      return value
    }, fail) as T
  } catch (error) {
    return fail(error)
  }
}
