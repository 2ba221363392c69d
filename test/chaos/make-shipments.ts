/**
 * What a shipper makes of known events: each in its own shape, some of them again (a shipper that repeats), records that are
 * broken in ways that differ, and events that the rule drops. Every shipment says what must become of it.
 */
import { createRandom, type Random } from '../../collectors/simulator/random.ts'
import { toEventXml } from '../../collectors/simulator/shapes/event-xml.ts'
import type { LoggedEvent } from '../../collectors/simulator/shapes/logged-event.ts'
import { toOtlp } from '../../collectors/simulator/shapes/otlp.ts'
import { toWinlogbeat } from '../../collectors/simulator/shapes/winlogbeat.ts'
import { foreignContent, type KnownEvent } from './known-events.ts'

export type Shipment = { readonly text: string } & (
  | { readonly kind: 'event'; readonly event: KnownEvent }
  /** `mark` stands in the record and in nothing else. */
  | { readonly kind: 'broken'; readonly mark: string }
  | { readonly kind: 'dropped' }
)

/** lines: JSON lines of Winlogbeat. messages: OpenTelemetry and event XML in turn, one a message. */
export type ShipperShape = 'lines' | 'messages'

/** Of 256: so many go through one shipper only, and as many through the other only; what one path loses would not show otherwise. */
const ALONE = 51
const REPEATED = 0.1
const BROKEN = 0.02
const DROPPED = 0.01
/** Repeats are of the last so many shipments. */
const REMEMBERED = 3_000
const STRAY = 0.01

/** Whether a shipper has the event at all, where there are two. */
export function isSeenBy(shape: ShipperShape, { key }: KnownEvent): boolean {
  const lot = Number.parseInt(key.slice(0, 2), 16)
  return shape === 'lines' ? lot >= ALONE : lot < ALONE || lot >= 2 * ALONE
}

export function createShipments(seed: number, shape: ShipperShape): (events: readonly KnownEvent[]) => Shipment[] {
  const random = createRandom(seed, shape)
  const sent: Shipment[] = []
  let broken = 0
  let at = 0

  function shipmentsOf(known: KnownEvent): Shipment[] {
    const one: Shipment = { kind: 'event', event: known, text: render(shape, known.event, at++) }
    const more: Shipment[] = []
    if (random.chance(BROKEN)) {
      const mark = `broken-${shape}-${++broken}-end`
      more.push(shape === 'lines' ? brokenLine(known.event, mark, random) : brokenMessage(known.event, mark, random))
    }
    if (random.chance(DROPPED)) {
      more.push({ kind: 'dropped', text: render(shape, { ...known.event, content: foreignContent }, at++) })
    }
    if (sent.length > 0 && random.chance(REPEATED)) more.push(sent[random.between(0, sent.length - 1)]!)
    for (const shipment of [one, ...more]) {
      if (sent.length < REMEMBERED) sent.push(shipment)
      else sent[random.between(0, REMEMBERED - 1)] = shipment
    }
    return [one, ...more]
  }
  return (events) => events.flatMap(shipmentsOf)
}

/** What another program writes into our own topic: only the processor can see that it is nothing of ours. */
export function createStrays(seed: number): (events: readonly KnownEvent[]) => Shipment[] {
  const random = createRandom(seed, 'strays')
  let strays = 0
  return (events) =>
    events.flatMap(({ event }): Shipment[] => {
      if (!random.chance(STRAY)) return []
      const mark = `broken-strays-${++strays}-end`
      const text = random.chance(0.5) ? JSON.stringify({ mark, host: event.computer }) : `\u0000${mark}`
      return [{ kind: 'broken', mark, text }]
    })
}

function render(shape: ShipperShape, event: LoggedEvent, at: number): string {
  if (shape === 'lines') return toWinlogbeat(event)
  return at % 2 === 0 ? toOtlp(event) : toEventXml(event)
}

/**
 * One line of Winlogbeat that is no JSON, names no computer, or is of a time that no clock shows. Not one that is cut off: as the last
 * of its body that is refused for another reason (`truncated`) than elsewhere, and a dead letter is one record and one reason.
 */
function brokenLine(event: LoggedEvent, mark: string, random: Random): Shipment {
  const record = JSON.parse(toWinlogbeat(event)) as { winlog: { computer_name?: string } }
  const marked = { mark, ...record }
  const broken = { kind: 'broken', mark } as const
  const way = random.between(0, 2)
  if (way === 0) return { ...broken, text: JSON.stringify(marked).replace('"winlog":', '"winlog"') }
  if (way === 1) {
    delete record.winlog.computer_name
    return { ...broken, text: JSON.stringify({ ...marked, host: undefined }) }
  }
  return { ...broken, text: toWinlogbeat(impossible(event, mark)) }
}

/** One message that is no well-formed XML, no shape that is known, or of a time that no clock shows. */
function brokenMessage(event: LoggedEvent, mark: string, random: Random): Shipment {
  const broken = { kind: 'broken', mark } as const
  const way = random.between(0, 2)
  if (way === 0) return { ...broken, text: toEventXml(impossible(event, mark)).replace('</EventData>', '</Event>') }
  if (way === 1) return { ...broken, text: JSON.stringify({ mark, note: 'no shipper writes this' }) }
  return { ...broken, text: toEventXml(impossible(event, mark)) }
}

/** Windows' own zero: a clock that was never set. */
function impossible(event: LoggedEvent, mark: string): LoggedEvent {
  const content = { ...event.content, data: [...event.content.data, ['Mark', mark] as const] }
  return { ...event, content, atMs: Date.UTC(1601, 0, 1) }
}
