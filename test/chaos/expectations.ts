/** What must be in the store: kept while shipments are acknowledged, so that it can be compared at any quiet moment. */
import type { Shipment } from './make-shipments.ts'

export type Expected = {
  /** What of it a trend tells, by event key. */
  readonly events: ReadonlyMap<string, { readonly hour: number; readonly eventId: number }>
  /** Marks of broken records. */
  readonly broken: ReadonlySet<string>
  /** Records that were acknowledged, repeats included. */
  readonly sent: number
}

/** What an acknowledgement must say of a batch. */
export type ExpectedReceipt = Readonly<Record<'received' | 'accepted' | 'dead_lettered' | 'dropped', number>>

export type Expectations = {
  /** To be called when the shipments are acknowledged. */
  acknowledge(shipments: readonly Shipment[]): void
  expected(): Expected
}

const SECONDS_AN_HOUR = 3600

export function createExpectations(): Expectations {
  const events = new Map<string, { hour: number; eventId: number }>()
  const broken = new Set<string>()
  let sent = 0
  return {
    acknowledge(shipments) {
      sent += shipments.length
      for (const shipment of shipments) {
        if (shipment.kind === 'broken') broken.add(shipment.mark)
        if (shipment.kind !== 'event') continue
        const { key, second, event } = shipment.event
        events.set(key, { hour: second - (second % SECONDS_AN_HOUR), eventId: event.content.event_id })
      }
    },
    expected: () => ({ events, broken, sent }),
  }
}

export function receiptOf(shipments: readonly Shipment[]): ExpectedReceipt {
  const dropped = shipments.filter(({ kind }) => kind === 'dropped').length
  const dead_lettered = shipments.filter(({ kind }) => kind === 'broken').length
  const received = shipments.length
  return { received, accepted: received - dropped - dead_lettered, dead_lettered, dropped }
}
