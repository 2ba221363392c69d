/** Adds up what became of the batches of a service: received = accepted + dead_lettered + dropped. */
import type { Batch, BatchesHandler, Receipt, Sink } from '../transport/transport.ts'

export type Counts = {
  batches: number
  received: number
  accepted: number
  dead_lettered: number
  dropped: number
  /** Rows that were new; accepted = stored + duplicates where the store answered. Absent where Kafka did. */
  stored?: number
  duplicates?: number
}

export type Counter = {
  readonly count: (receipts: readonly Receipt[]) => void
  /** Since the process started. */
  readonly counts: () => Readonly<Counts>
}

export function createCounter(): Counter {
  const counts: Counts = { batches: 0, received: 0, accepted: 0, dead_lettered: 0, dropped: 0 }
  return {
    counts: () => ({ ...counts }),
    count(receipts) {
      for (const receipt of receipts) {
        counts.batches++
        counts.received += receipt.received
        counts.accepted += receipt.accepted
        counts.dead_lettered += receipt.dead_lettered
        counts.dropped += receipt.dropped
        if (receipt.stored === undefined || receipt.duplicates === undefined) continue
        counts.stored = (counts.stored ?? 0) + receipt.stored
        counts.duplicates = (counts.duplicates ?? 0) + receipt.duplicates
      }
    },
  }
}

export function countHandled(handle: BatchesHandler, counter: Counter): BatchesHandler {
  return async function handleAndCount(batches) {
    const receipts = await handle(batches)
    counter.count(receipts)
    return receipts
  }
}

export function countSent(sink: Sink, counter: Counter): Sink {
  return {
    async send(batch: Batch) {
      const receipt = await sink.send(batch)
      counter.count([receipt])
      return receipt
    },
  }
}
