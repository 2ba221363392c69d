/** Stores rows when one of them may be one that the store refuses for what is in it: the others are stored all the same. */
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { type EventWriter, RowRefused } from '../store/event-store.ts'

export type StoredRows = {
  /** In the order of the rows, as the store says; false for what was refused. */
  readonly isNew: readonly boolean[]
  /** By index. */
  readonly refused: ReadonlyMap<number, RowRefused>
}

/**
 * Halves what the store refuses until the bad rows stand alone: about 2 log2(n) inserts for one of n. Only for what lies in a
 * row: an outage, a full disk or missing rights would refuse every half alike, and are thrown as they come.
 */
export async function storeRows(
  store: Pick<EventWriter, 'insertEvents'>,
  rows: readonly ClassifiedEvent[],
): Promise<StoredRows> {
  const isNew: boolean[] = []
  const refused = new Map<number, RowRefused>()

  async function storePart(from: number, to: number): Promise<void> {
    if (from >= to) return
    try {
      const part = from === 0 && to === rows.length ? rows : rows.slice(from, to)
      for (const flag of await store.insertEvents(part)) isNew.push(flag)
    } catch (error) {
      if (!(error instanceof RowRefused)) throw error
      if (to - from === 1) {
        refused.set(from, error)
        isNew.push(false)
        return
      }
      const middle = from + Math.ceil((to - from) / 2)
      await storePart(from, middle)
      await storePart(middle, to)
    }
  }

  await storePart(0, rows.length)
  return { isNew, refused }
}
