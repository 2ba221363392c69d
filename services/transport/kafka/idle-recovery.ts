/**
 * Finds out that brokers answer again when nobody sends: a gateway that is not ready gets no requests from what balances
 * load, and would wait for one for ever.
 */

export type IdleRecovery = {
  /** Something failed: looks again and again until `isOver`. A second call changes nothing. */
  begin(): void
}

const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 5_000

export function createIdleRecovery(deps: {
  readonly signal: AbortSignal
  /** It works again, by whatever way that was found out. */
  readonly isOver: () => boolean
  /** Rejects while it does not work. */
  readonly attempt: () => Promise<void>
}): IdleRecovery {
  let isUnderWay = false

  async function look(waitMs: number): Promise<void> {
    if (deps.signal.aborted || deps.isOver()) {
      isUnderWay = false
      return
    }
    await deps.attempt().catch(() => undefined)
    later(deps.isOver() ? 0 : Math.min(waitMs * 2, LONGEST_WAIT_MS))
  }

  function later(waitMs: number): void {
    const timer = setTimeout(() => void look(Math.max(waitMs, FIRST_WAIT_MS)), waitMs)
    timer.unref() // it keeps no process alive
  }

  return {
    begin() {
      if (isUnderWay) return
      isUnderWay = true
      later(FIRST_WAIT_MS)
    },
  }
}
