/**
 * A commit that always ends. kafkajs may leave one unanswered for ever when connections are lost in a row (found by the chaos
 * run with seed 1); whoever commits one after the other would then never commit again, in the next session neither.
 */
import { AppError } from '../../runtime/errors.ts'
import type { PartitionOffset } from './partition-ledger.ts'
import { withinDeadline } from './within-deadline.ts'

export type Commit = (offsets: readonly PartitionOffset[]) => Promise<void>

/** Rejects when the session is over, or, after `deadlineMs`, ends it. One at a time. */
export function createBoundedCommit(deps: {
  readonly commit: Commit
  /** Resolves with why the session is over. */
  readonly ended: Promise<AppError>
  readonly deadlineMs: number
  readonly endSession: (error: AppError) => void
}): Commit {
  let giveUp: ((error: AppError) => void) | undefined
  void deps.ended.then((error) => giveUp?.(error))

  return async function commitWithinSession(offsets) {
    const over = Promise.withResolvers<never>()
    giveUp = over.reject
    const isInTime = await withinDeadline(Promise.race([deps.commit(offsets), over.promise]), deps.deadlineMs)
    if (isInTime) return
    const message = `Kafka did not answer a commit within ${deps.deadlineMs} ms`
    const error = new AppError('BROKER_UNAVAILABLE', message, { retryable: true })
    deps.endSession(error)
    throw error
  }
}
