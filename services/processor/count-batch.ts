/** Counts what became of the records of a hand-over, when all of it is stored. */
import { createCounter, createHistogram } from '../runtime/telemetry/instruments.ts'
import type { Receipt } from '../transport/transport.ts'

/** `rejected`: the dead letters of all the batches, those that came with them and those that were found here. */
export type CountBatch = (receipts: readonly Receipt[], rejected: readonly { readonly reason: string }[]) => void

export function createBatchCount(): CountBatch {
  const received = createCounter('roamwatch.process.received.records')
  const accepted = createCounter('roamwatch.process.accepted.records')
  const rejectedFor = createCounter('roamwatch.process.rejected.records')
  const dropped = createCounter('roamwatch.process.dropped.records')
  const stored = createCounter('roamwatch.process.stored.events')
  const duplicates = createCounter('roamwatch.process.duplicate.events')
  const size = createHistogram('roamwatch.process.batch.size')

  return function countBatch(receipts, rejected) {
    const sum = (of: (receipt: Receipt) => number) => receipts.reduce((total, receipt) => total + of(receipt), 0)
    const all = sum((receipt) => receipt.received)
    received(all)
    size(all)
    accepted(sum((receipt) => receipt.accepted))
    dropped(sum((receipt) => receipt.dropped))
    stored(sum((receipt) => receipt.stored ?? 0))
    duplicates(sum((receipt) => receipt.duplicates ?? 0))
    const reasons = new Map<string, number>()
    for (const { reason } of rejected) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    for (const [reason, records] of reasons) rejectedFor(records, { 'roamwatch.reason': reason })
  }
}
