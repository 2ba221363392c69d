/** The dead letters of rows that the store refused: made of the events from which the rows came. */
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { RowRefused } from '../store/event-store.ts'
import type { Batch } from '../transport/transport.ts'
import { type PipelineSource, reject, toDeadLetter } from './steps/reject.ts'

/** The store's own words name values of the row; an operator reads one line of them. */
const MAX_DETAIL_LENGTH = 500

/** Of one batch, whose rows are those from `firstRow` on among the rows that `refused` counts. `receivedAt`: ISO 8601 UTC. */
export function refusedRowLetters(
  {
    events,
    source,
    deadLetters,
  }: { readonly events: Batch['events']; readonly source: PipelineSource; readonly deadLetters: readonly DeadLetter[] },
  refused: ReadonlyMap<number, RowRefused>,
  firstRow: number,
  receivedAt: string,
): DeadLetter[] {
  // Rows stand in the order of the events, without those that the pipeline refused, whose letters say where they stood.
  const gone = new Set(deadLetters.map(({ origin }) => origin))
  const letters: DeadLetter[] = []
  let row = firstRow
  for (const [index, event] of events.entries()) {
    if (gone.has(source.origin(index))) continue
    const refusal = refused.get(row++)
    if (refusal === undefined) continue
    const detail = refusal.message.replace(/\s+/g, ' ').slice(0, MAX_DETAIL_LENGTH)
    letters.push(toDeadLetter(event, reject('store_refused', detail), source, index, receivedAt))
  }
  return letters
}
