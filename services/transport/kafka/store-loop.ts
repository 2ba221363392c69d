/** Takes what was read and hands it over to be stored, again and again until it is: while that fails, reading stops by itself, for the buffer fills. */
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { createReminder } from '../../runtime/reminder.ts'
import type { ChunkBuffer } from './chunk-buffer.ts'
import type { Chunk, PartitionLedger, Tracked } from './partition-ledger.ts'
import { pause } from './until-available.ts'

export type StoreLoopDeps<R> = {
  readonly buffer: ChunkBuffer<R>
  readonly ledger: PartitionLedger
  /** Resolves when all of it is stored. An AppError is tried again; anything else is a fault of ours. */
  readonly handle: (chunks: readonly Chunk<R>[]) => Promise<void>
  readonly log: Logger
  readonly stopping: AbortSignal
  readonly onStored: () => void
  /** What keeps it from being stored; undefined when that is over. */
  readonly onBlocked: (error: AppError | undefined) => void
  readonly onFault: (error: unknown) => void
}

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000

/** Resolves when the buffer is closed and what was under way is stored or given back. Never rejects. */
export async function runStoreLoop<R>(deps: StoreLoopDeps<R>): Promise<void> {
  for (;;) {
    const taken = await deps.buffer.take()
    if (taken === undefined) return
    try {
      const stored = await store(deps, taken)
      for (const tracked of stored) deps.ledger.stored(tracked)
    } catch (error) {
      deps.onFault(error)
    }
    deps.buffer.release(taken)
    deps.onStored()
  }
}

/** The chunks that were stored: none when we stop, or when all of them were taken from us meanwhile. */
async function store<R>(deps: StoreLoopDeps<R>, taken: readonly Tracked<R>[]): Promise<readonly Tracked<R>[]> {
  const reminder = createReminder()
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const ours = taken.filter((tracked) => deps.ledger.isCurrent(tracked))
    if (ours.length === 0) return []
    try {
      await deps.handle(ours.map(({ chunk }) => chunk))
      deps.onBlocked(undefined)
      if (reminder.wasDue()) deps.log.info('what was read can be stored again')
      return ours
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      deps.onBlocked(error)
      if (reminder.isDue()) {
        deps.log.warn({ err: error }, 'what was read cannot be stored: trying again, and reading no more than fits')
      }
    }
    await pause(waitMs, deps.stopping)
    if (deps.stopping.aborted) return []
  }
}
