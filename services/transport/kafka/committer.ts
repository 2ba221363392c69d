/** Commits what is stored: one request at a time, the newest offsets, again while it fails. A lost commit only means that records come again. */
import type { Logger } from '../../runtime/logging.ts'
import type { PartitionLedger, PartitionOffset } from './partition-ledger.ts'
import { withinDeadline } from './within-deadline.ts'

export type Committer = {
  /** Something may have to be committed; returns at once. */
  readonly poke: () => void
  /** One last attempt with what is stored; resolves within the deadline, committed or not. */
  readonly finish: (deadlineMs: number) => Promise<void>
}

const RETRY_MS = 1_000

export function createCommitter(deps: {
  readonly ledger: PartitionLedger
  readonly log: Logger
  /** undefined when there is nowhere to commit to at the moment. */
  readonly commit: () => ((offsets: readonly PartitionOffset[]) => Promise<void>) | undefined
}): Committer {
  let running: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let isFinished = false

  async function run(): Promise<void> {
    for (let offsets = deps.ledger.toCommit(); offsets.length > 0; offsets = deps.ledger.toCommit()) {
      const commit = deps.commit()
      if (commit === undefined) return
      // An entry that was begun anew while the request was under way must not take over its outcome.
      const entries = offsets.map((at) => deps.ledger.entry(at))
      try {
        await commit(offsets)
      } catch (error) {
        deps.log.debug({ err: error }, 'offsets were not committed; they are again, or their records come again')
        if (!isFinished) retry ??= setTimeout(again, RETRY_MS)
        return
      }
      deps.ledger.committed(offsets.filter((at, index) => deps.ledger.entry(at) === entries[index]))
    }
  }

  function again(): void {
    retry = undefined
    poke()
  }

  function poke(): void {
    if (running !== undefined || isFinished || retry !== undefined) return
    running = run().finally(() => (running = undefined))
  }

  return {
    poke,
    async finish(deadlineMs) {
      isFinished = true
      clearTimeout(retry)
      await withinDeadline((running ?? Promise.resolve()).then(run), deadlineMs)
    },
  }
}
