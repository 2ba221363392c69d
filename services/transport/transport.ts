/**
 * The port between collectors and the processor. Direct (in-process) and Kafka implement it; no stage knows which.
 */
import type { Replay } from '../../schemas/dead-letter-action.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'

/** What a collector hands over at once: everything it received, accounted for. */
export type Batch = {
  readonly tenant: string
  readonly events: readonly WindowsEvent[]
  readonly deadLetters: readonly DeadLetter[]
  /** Events left out by rule, already counted by the collector. */
  readonly dropped: number
  /** Names this hand-over (a run of a collector); a repeated batch keeps its id, so that a retry is not a new sighting. */
  readonly batchId: string
  /**
   * Where an event of the batch (by its place in `events`) stands at its source, in whatever company it comes again: names the
   * sighting when the event is refused. Without it the batch's id and the place do.
   */
  readonly originOf?: (index: number) => string
  /** The events come out of a dead letter that is replayed: it is closed once they are stored, and what is refused is still that letter. */
  readonly replay?: Replay
}

/**
 * What became of a batch. Always received = accepted + dead_lettered + dropped.
 * `stored` and `duplicates` (accepted = stored + duplicates) only when the transport waits for the store.
 */
export type Receipt = {
  readonly received: number
  readonly accepted: number
  readonly dead_lettered: number
  readonly dropped: number
  readonly stored?: number
  readonly duplicates?: number
}

export type Sink = {
  /**
   * Resolves when the batch is safe: in the store (direct) or acknowledged by the broker (Kafka).
   * Rejects with a retryable AppError when it is not; nothing is lost, send it again.
   * Waits when the transport is full (back-pressure).
   */
  send(batch: Batch): Promise<Receipt>
}

/** What the processor gets: one or more batches together. It resolves when all of it is stored. */
export type BatchHandler = (batches: readonly Batch[]) => Promise<readonly Receipt[]>
/** One that takes batches one by one, so that they can be made when they are taken; it may take all of them again. */
export type BatchesHandler = (batches: Iterable<Batch>) => Promise<readonly Receipt[]>

export type Transport = Sink & {
  start(): Promise<void>
  /** Finishes what was sent, then refuses more. Safe to call twice. */
  stop(): Promise<void>
}
