/** What the transport calls with one or more batches: run the pipeline, store dead letters, then rows, then account for all. */
import { sightingId } from '../../schemas/dead-letter-key.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { DeadLetterSighting, EventWriter, PackedRows } from '../store/event-store.ts'
import { createStepTimer } from '../runtime/telemetry/step-timer.ts'
import type { Batch, BatchesHandler, Receipt } from '../transport/transport.ts'
import { createBatchCount } from './count-batch.ts'
import type { Pipeline } from './pipeline.ts'
import { refusedRowLetters } from './refused-rows.ts'
import { replayActions } from './replay-actions.ts'
import { storeRows, type StoredRows } from './store-rows.ts'
import type { PipelineSource } from './steps/reject.ts'

export type HandleBatchDeps = {
  readonly pipeline: Pick<Pipeline, 'processBatch'>
  readonly store: EventWriter
  /** `source_kind` of dead letters that are found only here. */
  readonly sourceKind?: string
  /** Dates the dead letters of rows that the store refused. */
  readonly now?: () => Date
}

/**
 * A batch on its way, without its events, which take the most memory and are needed again only where the store refuses a row: what
 * the pipeline made of them, and which rows were refused.
 */
type Handling = {
  readonly batch: Omit<Batch, 'events'>
  readonly events: number
  readonly source: PipelineSource
  readonly rows: PackedRows
  readonly deadLetters: readonly DeadLetter[]
  refused: readonly DeadLetter[]
  stored: number
}

/**
 * Resolves, one receipt a batch in their order, when everything can be read in the store. A row that the store refuses for what
 * is in it becomes a dead letter (`store_refused`) and the others are stored. Rejects as the store does otherwise (retryable: send
 * the same batches again; nothing is counted twice, since keys, sightings and actions are named by the input).
 * Batches may be made while they are taken; where a row is refused they are taken once more.
 */
export function createHandleBatch(deps: HandleBatchDeps): BatchesHandler {
  const { pipeline, store, sourceKind = 'transport', now = () => new Date() } = deps
  const step = createStepTimer()
  const count = createBatchCount()

  function begin(batch: Batch): Handling {
    const origin = batch.originOf ?? ((index: number) => `${batch.batchId}#${index}`)
    const source = { tenant: batch.tenant, kind: sourceKind, origin }
    const { events, ...rest } = batch
    const classify = () => {
      const processed = pipeline.processBatch(events, source)
      return { ...processed, rows: store.packRows(processed.rows) }
    }
    // A batch may hold a dead letter alone.
    const { rows, deadLetters } = events.length === 0 ? classify() : step('classify', classify)
    return { batch: rest, events: events.length, source, rows, deadLetters, refused: [], stored: 0 }
  }

  return async function handleBatch(batches) {
    const handlings = Array.from(batches, begin)
    const letters = handlings.flatMap(({ batch, deadLetters }) => [
      ...batch.deadLetters.map((letter) => sightingOf(letter, batch.batchId)),
      ...foundIn(batch, deadLetters),
    ])
    if (letters.length > 0) await step('store_dead_letters', () => store.insertDeadLetters(letters))
    const rows = handlings.map((handling) => handling.rows)
    if (rows.some(({ length }) => length > 0)) {
      const stored = await step('store_rows', () => storeRows(store, rows))
      countStored(handlings, stored)
      if (stored.refused.size > 0) findRefused(handlings, batches, stored, now().toISOString())
    }
    const refused = handlings.flatMap((handling) => foundIn(handling.batch, handling.refused))
    if (refused.length > 0) await step('store_dead_letters', () => store.insertDeadLetters(refused))
    const actions = handlings.flatMap((handling) =>
      replayActions(handling.batch, acceptedOf(handling), [...handling.deadLetters, ...handling.refused]),
    )
    if (actions.length > 0) await store.insertDeadLetterActions(actions)
    const receipts = handlings.map(receiptOf)
    count(receipts, handlings.flatMap(lettersOf))
    return receipts
  }
}

function sightingOf(letter: DeadLetter, handOver: string): DeadLetterSighting {
  return { letter, sighting: sightingId(handOver, letter.dead_letter_key, letter.origin) }
}

/**
 * Sightings of letters that were found here, named by where the event stands when its batch may be cut in another way the next
 * time. What comes out of a replayed letter is still that letter.
 */
function foundIn(
  { batchId, originOf, replay }: Handling['batch'],
  letters: readonly DeadLetter[],
): DeadLetterSighting[] {
  if (replay !== undefined) return []
  return letters.map((letter) => sightingOf(letter, originOf === undefined ? batchId : letter.origin))
}

function countStored(handlings: readonly Handling[], { isNew }: StoredRows): void {
  let from = 0
  for (const handling of handlings) {
    const to = from + handling.rows.length
    handling.stored = countTrue(isNew, from, to)
    from = to
  }
}

/** Gives each batch the letters of its rows that were refused. */
function findRefused(
  handlings: readonly Handling[],
  batches: Iterable<Batch>,
  { refused }: StoredRows,
  receivedAt: string,
): void {
  let from = 0
  let index = 0
  for (const { events } of batches) {
    const handling = handlings[index++] as Handling
    handling.refused = refusedRowLetters({ ...handling, events }, refused, from, receivedAt)
    from += handling.rows.length
  }
}

function countTrue(flags: readonly boolean[], from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if (flags[at]) count++
  return count
}

const lettersOf = ({ batch, deadLetters, refused }: Handling) => [...batch.deadLetters, ...deadLetters, ...refused]
const acceptedOf = ({ rows, refused }: Handling): number => rows.length - refused.length

function receiptOf(handling: Handling): Receipt {
  const { batch, events, deadLetters, refused, stored } = handling
  const accepted = acceptedOf(handling)
  return {
    received: events + batch.deadLetters.length + batch.dropped,
    accepted,
    dead_lettered: batch.deadLetters.length + deadLetters.length + refused.length,
    dropped: batch.dropped,
    stored,
    duplicates: accepted - stored,
  }
}
