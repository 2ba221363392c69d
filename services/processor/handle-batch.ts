/** What the transport calls with one or more batches: run the pipeline, store dead letters, then rows, then account for all. */
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { sightingId } from '../../schemas/dead-letter-key.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { DeadLetterSighting, EventWriter } from '../store/event-store.ts'
import { createStepTimer } from '../runtime/telemetry/step-timer.ts'
import type { Batch, BatchHandler, Receipt } from '../transport/transport.ts'
import { createBatchCount } from './count-batch.ts'
import type { Pipeline, PipelineResult } from './pipeline.ts'
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

/** A batch on its way: what the pipeline made of it, and of its rows those that the store refused. */
type Handling = {
  readonly batch: Batch
  readonly source: PipelineSource
  readonly result: PipelineResult
  refused: readonly DeadLetter[]
  stored: number
}

/**
 * Resolves, one receipt a batch in their order, when everything can be read in the store. A row that the store refuses for what
 * is in it becomes a dead letter (`store_refused`) and the others are stored. Rejects as the store does otherwise (retryable: send
 * the same batches again; nothing is counted twice, since keys, sightings and actions are named by the input).
 */
export function createHandleBatch(deps: HandleBatchDeps): BatchHandler {
  const { pipeline, store, sourceKind = 'transport', now = () => new Date() } = deps
  const step = createStepTimer()
  const count = createBatchCount()

  function begin(batch: Batch): Handling {
    const origin = (index: number) => `${batch.batchId}#${index}`
    const source = { tenant: batch.tenant, kind: sourceKind, origin }
    return { batch, source, result: pipeline.processBatch(batch.events, source), refused: [], stored: 0 }
  }

  return async function handleBatch(batches) {
    const handlings = step('classify', () => batches.map(begin))
    const letters = handlings.flatMap(({ batch, result }) => [
      ...sightingsOf(batch, batch.deadLetters),
      ...(batch.replay === undefined ? sightingsOf(batch, result.deadLetters) : []),
    ])
    if (letters.length > 0) await step('store_dead_letters', () => store.insertDeadLetters(letters))
    const rows = gatherRows(handlings)
    if (rows.length > 0) share(handlings, await step('store_rows', () => storeRows(store, rows)), now)
    const refused = handlings.flatMap(({ batch, refused: ofBatch }) =>
      batch.replay === undefined ? sightingsOf(batch, ofBatch) : [],
    )
    if (refused.length > 0) await step('store_dead_letters', () => store.insertDeadLetters(refused))
    const actions = handlings.flatMap((handling) =>
      replayActions(handling.batch, acceptedOf(handling), [...handling.result.deadLetters, ...handling.refused]),
    )
    if (actions.length > 0) await store.insertDeadLetterActions(actions)
    const receipts = handlings.map(receiptOf)
    count(receipts, handlings.flatMap(lettersOf))
    return receipts
  }
}

function sightingsOf(batch: Batch, letters: readonly DeadLetter[]): DeadLetterSighting[] {
  return letters.map((letter) => ({
    letter,
    sighting: sightingId(batch.batchId, letter.dead_letter_key, letter.origin),
  }))
}

/** One array, without a copy when there is one batch. */
function gatherRows(handlings: readonly Handling[]): readonly ClassifiedEvent[] {
  const [only, ...others] = handlings
  if (only !== undefined && others.length === 0) return only.result.rows
  return handlings.flatMap(({ result }) => result.rows)
}

/** Gives each batch what became of its own rows. */
function share(handlings: readonly Handling[], { isNew, refused }: StoredRows, now: () => Date): void {
  let from = 0
  for (const handling of handlings) {
    const to = from + handling.result.rows.length
    handling.stored = countTrue(isNew, from, to)
    if (refused.size > 0) handling.refused = refusedRowLetters(handling, refused, from, now().toISOString())
    from = to
  }
}

function countTrue(flags: readonly boolean[], from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if (flags[at]) count++
  return count
}

const lettersOf = ({ batch, result, refused }: Handling) => [...batch.deadLetters, ...result.deadLetters, ...refused]
const acceptedOf = ({ result, refused }: Handling): number => result.rows.length - refused.length

function receiptOf(handling: Handling): Receipt {
  const { batch, result, refused, stored } = handling
  const accepted = acceptedOf(handling)
  return {
    received: batch.events.length + batch.deadLetters.length + batch.dropped,
    accepted,
    dead_lettered: batch.deadLetters.length + result.deadLetters.length + refused.length,
    dropped: batch.dropped,
    stored,
    duplicates: accepted - stored,
  }
}
