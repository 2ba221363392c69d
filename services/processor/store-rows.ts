/** Stores rows when one of them may be one that the store refuses for what is in it: the others are stored all the same. */
import { type EventWriter, type PackedRows, RowRefused } from '../store/event-store.ts'

export type StoredRows = {
  /** In the order of the rows, as the store says; false for what was refused. */
  readonly isNew: readonly boolean[]
  /** By index. */
  readonly refused: ReadonlyMap<number, RowRefused>
}

/**
 * Halves what the store refuses until the bad rows stand alone: about 2 log2(n) inserts for one of n. Only for what lies in a
 * row: an outage, a full disk or missing rights would refuse every half alike, and are thrown as they come.
 * Rows are counted over all `parts`.
 */
export async function storeRows(
  store: Pick<EventWriter, 'insertPacked'>,
  parts: readonly PackedRows[],
): Promise<StoredRows> {
  const isNew: boolean[] = []
  const refused = new Map<number, RowRefused>()

  async function storePart(from: number, to: number): Promise<void> {
    if (from >= to) return
    try {
      for (const flag of await store.insertPacked(parts, from, to)) isNew.push(flag)
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

  await storePart(
    0,
    parts.reduce((sum, { length }) => sum + length, 0),
  )
  return { isNew, refused }
}
