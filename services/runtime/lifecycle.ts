/**
 * Starts the parts of a process in order and stops them in reverse. Stopping has one deadline for all parts; a second
 * call gets the first one's result. A part that fails to start stops those before it, and its error is the result.
 */
import type { Logger } from './logging.ts'

export type Part = {
  readonly name: string
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** Ends the waiting of `start` (for a broker, a store), which then rejects. Called when stopping begins while it starts. */
  readonly interrupt?: () => void
}

export type Lifecycle = {
  start(): Promise<void>
  /** True when every part stopped cleanly within the deadline. Never rejects. */
  stop(): Promise<boolean>
}

export function createLifecycle(
  parts: readonly Part[],
  deps: { readonly log: Logger; readonly deadlineMs: number },
): Lifecycle {
  const running: Part[] = []
  let starting: Promise<void> | undefined
  let stopping: Promise<boolean> | undefined
  let current: Promise<void> = Promise.resolve() // the part that is starting now
  let startingPart: Part | undefined
  let isStopping = false

  async function startParts(): Promise<void> {
    for (const part of parts) {
      if (isStopping) return
      running.push(part)
      try {
        startingPart = part
        current = part.start()
        await current
      } catch (error) {
        const at = running.indexOf(part)
        if (at !== -1) running.splice(at, 1)
        await stop()
        throw error
      } finally {
        startingPart = undefined
      }
      deps.log.debug({ part: part.name }, 'started')
    }
  }

  async function stopParts(): Promise<boolean> {
    const deadline = performance.now() + deps.deadlineMs
    let isClean = true
    startingPart?.interrupt?.()
    await withinDeadline(
      current.catch(() => undefined),
      deps.deadlineMs,
    )
    for (let part = running.pop(); part !== undefined; part = running.pop()) {
      const isDone = await stopOne(part, Math.max(0, deadline - performance.now()))
      isClean = isClean && isDone
    }
    return isClean
  }

  async function stopOne(part: Part, leftMs: number): Promise<boolean> {
    try {
      const isDone = await withinDeadline(part.stop(), leftMs)
      if (!isDone) deps.log.warn({ part: part.name, deadline_ms: deps.deadlineMs }, 'did not stop within the deadline')
      return isDone
    } catch (error) {
      deps.log.error({ part: part.name, err: error }, 'failed to stop')
      return false
    }
  }

  function stop(): Promise<boolean> {
    isStopping = true
    stopping ??= stopParts()
    return stopping
  }

  return {
    start: () => (starting ??= startParts()),
    stop,
  }
}

/** Whether the work was done in time; its own failure is thrown. */
async function withinDeadline(work: Promise<unknown>, leftMs: number): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => resolve(false), leftMs)
  try {
    return await Promise.race([work.then(() => true), timeout])
  } finally {
    clearTimeout(timer)
  }
}
