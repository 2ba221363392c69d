/** Sends batches and counts what is held of them, so that whoever makes them waits before there is too much. */
import type { Batch, Sink } from '../../services/transport/transport.ts'

/** What may be held at once, being decoded or sent. */
export type HeldBudget = {
  /** Events and dead letters. */
  readonly records: number
  /** Of the messages they come out of, unpacked. */
  readonly bytes: number
}

/** Decoded, an event takes about four times its bytes, and consumers hand over twice at a time. */
export const HELD_BUDGET: HeldBudget = { records: 10_000, bytes: 16 * 1024 * 1024 }

export type HandOver = {
  /** Counts what was decoded and is not sent yet. */
  hold(records: number, bytes: number): void
  /** Is as much held as may be? Then everything is to be sent, and `settled` waited for. */
  isFull(): boolean
  send(batches: readonly Batch[]): void
  /** Resolves when the sink has all that was sent; then nothing is held. Rejects as the sink does. */
  settled(): Promise<void>
}

export function createHandOver(sink: Sink, budget: HeldBudget): HandOver {
  let sending: Promise<unknown>[] = []
  let heldRecords = 0
  let heldBytes = 0
  return {
    hold(records, bytes) {
      heldRecords += records
      heldBytes += bytes
    },
    isFull: () => heldRecords >= budget.records || heldBytes >= budget.bytes,
    send(batches) {
      for (const batch of batches) {
        const sent = sink.send(batch)
        // Whoever waits for `settled` hears of it; until then it is no unhandled rejection.
        sent.catch(() => undefined)
        sending.push(sent)
      }
    },
    async settled() {
      await Promise.all(sending)
      sending = []
      heldRecords = 0
      heldBytes = 0
    },
  }
}
