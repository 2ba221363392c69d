/** What the transport calls with one or more batches: run the pipeline, store dead letters, then rows, then account for all. */
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { sightingId } from '../../schemas/dead-letter-key.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { DeadLetterSighting, EventWriter } from '../store/event-store.ts'
import type { Batch, BatchHandler, Receipt } from '../transport/transport.ts'
import type { Pipeline, PipelineResult } from './pipeline.ts'

export type HandleBatchDeps = {
  readonly pipeline: Pick<Pipeline, 'processBatch'>
  readonly store: EventWriter
  /** `source_kind` of dead letters that are found only here. */
  readonly sourceKind?: string
}

/**
 * Resolves, one receipt a batch in their order, when everything can be read in the store. Rejects as the store does (retryable:
 * send the same batches again; nothing is counted twice, since keys and sightings are computed from the input).
 */
export function createHandleBatch(deps: HandleBatchDeps): BatchHandler {
  const { pipeline, store, sourceKind = 'transport' } = deps

  return async function handleBatch(batches) {
    const results = batches.map((batch) =>
      pipeline.processBatch(batch.events, {
        tenant: batch.tenant,
        kind: sourceKind,
        origin: (index) => `${batch.batchId}#${index}`,
      }),
    )
    const sightings = batches.flatMap((batch, index) => sightingsOf(batch, results[index]))
    if (sightings.length > 0) await store.insertDeadLetters(sightings)
    const rows = gatherRows(results)
    const isNew = rows.length > 0 ? await store.insertEvents(rows) : []
    let from = 0
    return batches.map((batch, index) => {
      const result = results[index] ?? NOTHING
      const stored = countTrue(isNew, from, (from += result.rows.length))
      return receiptOf(batch, result, stored)
    })
  }
}

const NOTHING: PipelineResult = { rows: [], deadLetters: [] }

function sightingsOf(batch: Batch, result: PipelineResult = NOTHING): DeadLetterSighting[] {
  const letters: readonly DeadLetter[] = [...batch.deadLetters, ...result.deadLetters]
  return letters.map((letter) => ({
    letter,
    sighting: sightingId(batch.batchId, letter.dead_letter_key, letter.origin),
  }))
}

/** One array, without a copy when there is one batch. */
function gatherRows(results: readonly PipelineResult[]): readonly ClassifiedEvent[] {
  const [only, ...others] = results
  if (only !== undefined && others.length === 0) return only.rows
  return results.flatMap((result) => result.rows)
}

function countTrue(flags: readonly boolean[], from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if (flags[at]) count++
  return count
}

function receiptOf(batch: Batch, { rows, deadLetters }: PipelineResult, stored: number): Receipt {
  return {
    received: batch.events.length + batch.deadLetters.length + batch.dropped,
    accepted: rows.length,
    dead_lettered: batch.deadLetters.length + deadLetters.length,
    dropped: batch.dropped,
    stored,
    duplicates: rows.length - stored,
  }
}
