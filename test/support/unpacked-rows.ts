/** Packing for stores of tests that take rows as they are. */
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import type { EventWriter, PackedRows } from '../../services/store/event-store.ts'

type Unpacked = PackedRows & { readonly rows: readonly ClassifiedEvent[] }

export function unpacked(
  insertEvents: EventWriter['insertEvents'],
): Pick<EventWriter, 'packRows' | 'insertPacked' | 'insertEvents'> {
  return {
    packRows: (rows): Unpacked => ({ length: rows.length, rows }),
    insertPacked: (parts, from, to) =>
      insertEvents((parts as readonly Unpacked[]).flatMap(({ rows }) => rows).slice(from, to)),
    insertEvents,
  }
}
