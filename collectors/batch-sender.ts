/**
 * Sends what an intake took, in batches of a good size, a few at a time, and adds up what became of it. Shared by the
 * collectors that read a source from its beginning to its end (files, HTTP bodies, the simulator).
 */
import type { DeadLetter } from '../schemas/dead-letter.ts'
import type { WindowsEvent } from '../schemas/windows-event.ts'
import { retry, type RetryOptions } from '../services/runtime/retry.ts'
import type { Batch, Receipt, Sink } from '../services/transport/transport.ts'
import type { Taken } from './intake.ts'

export type BatchSenderDeps = {
  readonly sink: Sink
  readonly tenant: string
  /** Names this run; batch ids are `<runId>:<number>`, and a repeated send keeps its id. */
  readonly runId: string
  readonly maxBatchEvents: number
  /** About, in characters of message and data: events of 16 MiB each must not pile up to `maxBatchEvents`. */
  readonly maxBatchBytes: number
  /** Batches under way at the same time. */
  readonly inFlight: number
  /** How long to go on with a batch that the sink refuses for now. */
  readonly retry: RetryOptions
}

/** Sums of the receipts. Without `stored` and `duplicates` where the transport does not wait for the store. */
export type Sums = Receipt

export type BatchSender = {
  /** Resolves when there is room for more; rejects with the error of any batch that failed for good. */
  add(taken: Taken): Promise<void>
  /** Sends the rest and resolves with the sums when all is safe; rejects as `add` does. */
  finish(): Promise<Sums>
}

export const BATCH_DEFAULTS = { maxBatchEvents: 10_000, maxBatchBytes: 16 * 1024 * 1024, inFlight: 2 } as const

export function createBatchSender(deps: BatchSenderDeps): BatchSender {
  let events: WindowsEvent[] = []
  let deadLetters: DeadLetter[] = []
  let dropped = 0
  let bytes = 0
  let sequence = 0
  const receipts: Receipt[] = []
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined

  async function add(taken: Taken): Promise<void> {
    for (const event of taken.events) {
      events.push(event)
      bytes += sizeOf(event)
      if (events.length >= deps.maxBatchEvents || bytes >= deps.maxBatchBytes) await dispatch()
    }
    for (const letter of taken.deadLetters) {
      deadLetters.push(letter)
      bytes += letter.bytes.length
      if (deadLetters.length >= deps.maxBatchEvents || bytes >= deps.maxBatchBytes) await dispatch()
    }
    dropped += taken.dropped
    throwFailure()
  }

  async function dispatch(): Promise<void> {
    while (underWay.size >= deps.inFlight) await Promise.race(underWay)
    throwFailure()
    const batch: Batch = { tenant: deps.tenant, events, deadLetters, dropped, batchId: `${deps.runId}:${sequence++}` }
    events = []
    deadLetters = []
    dropped = 0
    bytes = 0
    const sending = retry(() => deps.sink.send(batch), deps.retry)
      .then((receipt) => void receipts.push(receipt))
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => underWay.delete(sending))
    underWay.add(sending)
  }

  function throwFailure(): void {
    if (failure !== undefined) throw failure.error
  }

  async function finish(): Promise<Sums> {
    if (failure === undefined && events.length + deadLetters.length + dropped > 0) await dispatch()
    await Promise.all(underWay)
    throwFailure()
    return sumOf(receipts)
  }
  return { add, finish }
}

/** `stored` and `duplicates` are sums only when every receipt has them; nothing sent counts as nothing stored. */
function sumOf(receipts: readonly Receipt[]): Sums {
  const sum = (count: (receipt: Receipt) => number): number => receipts.reduce((total, one) => total + count(one), 0)
  const counts = {
    received: sum(({ received }) => received),
    accepted: sum(({ accepted }) => accepted),
    dead_lettered: sum(({ dead_lettered }) => dead_lettered),
    dropped: sum((receipt) => receipt.dropped),
  }
  if (receipts.some(({ stored, duplicates }) => stored === undefined || duplicates === undefined)) return counts
  return { ...counts, stored: sum(({ stored = 0 }) => stored), duplicates: sum(({ duplicates = 0 }) => duplicates) }
}

function sizeOf(event: WindowsEvent): number {
  let size = 300 + (event.message?.length ?? 0)
  for (const name in event.data) size += name.length + (event.data[name]?.length ?? 0)
  return size
}
