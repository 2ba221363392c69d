/** Keeps one session open: opens the first, and another whenever one ended, until it is stopped. */
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import type { ConsumerSession } from './consumer-session.ts'
import { pause, throwIfStopping, untilAvailable } from './until-available.ts'
import { withinDeadline } from './within-deadline.ts'

export type SessionSupervisor = {
  /** Resolves with the first session open. Waits while no broker answers; rejects with every other error. */
  start(): Promise<void>
  /** Closes the session within the deadline and opens no other. */
  stop(deadlineMs: number): Promise<void>
  /** Why there is no session now; undefined while there is one. */
  error(): AppError | undefined
}

const CLOSE_MS = 3_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
/** A session that lived so long was a good one: the next opens without much waiting. */
const GOOD_MS = 60_000

export function superviseSessions(deps: {
  readonly log: Logger
  readonly stopping: AbortSignal
  readonly open: () => Promise<ConsumerSession>
  readonly onOpen: (session: ConsumerSession) => void
  readonly onClose: () => void
}): SessionSupervisor {
  let session: ConsumerSession | undefined
  let error: AppError | undefined
  let keeping: Promise<void> = Promise.resolve()

  async function open(): Promise<ConsumerSession> {
    const onFailure = (failure: AppError) => (error = failure)
    const discard = (opened: ConsumerSession) => opened.close(CLOSE_MS)
    const opened = await untilAvailable(deps.open, { log: deps.log, signal: deps.stopping, onFailure, discard })
    if (deps.stopping.aborted) await discard(opened)
    throwIfStopping(deps.stopping)
    session = opened
    error = undefined
    deps.onOpen(opened)
    return opened
  }

  async function keep(first: ConsumerSession): Promise<void> {
    let current: ConsumerSession | undefined = first
    let waitMs = FIRST_WAIT_MS
    while (!deps.stopping.aborted) {
      if (current !== undefined) {
        const openedAt = performance.now()
        await endOf(current)
        if (performance.now() - openedAt > GOOD_MS) waitMs = FIRST_WAIT_MS
      }
      await pause(waitMs, deps.stopping)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
      current = await reopen()
    }
  }

  /** Resolves when the session is over and closed, or when we stop. */
  async function endOf(current: ConsumerSession): Promise<void> {
    const failure = await Promise.race([current.ended, abortOf(deps.stopping)])
    if (failure === undefined) return
    error = failure
    deps.log.warn({ err: failure }, 'reading from Kafka was interrupted: joining again')
    session = undefined
    deps.onClose()
    await current.close(CLOSE_MS)
  }

  /** undefined when it is to be tried again: what keeps us out may be mended meanwhile (a right, a topic). */
  async function reopen(): Promise<ConsumerSession | undefined> {
    try {
      return await open()
    } catch (failure) {
      if (deps.stopping.aborted) return undefined
      if (!(failure instanceof AppError)) throw failure
      error = failure
      deps.log.error({ err: failure }, 'reading from Kafka cannot go on until this is mended')
      return undefined
    }
  }

  return {
    async start() {
      keeping = keep(await open())
    },
    async stop(deadlineMs) {
      await session?.close(deadlineMs)
      session = undefined
      await withinDeadline(keeping, deadlineMs)
    },
    error: () => error,
  }
}

function abortOf(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}
