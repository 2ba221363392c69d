import { expect, test } from 'vitest'
import { createKnownEvents, OLDEST_DAYS } from './known-events.ts'
import { createShipments, createStrays, isSeenBy, type Shipment } from './make-shipments.ts'

const END_MS = Date.UTC(2026, 10, 24, 12)
const MANY = 8_000
/** Shares follow from the seed; that they are near what they should be is what counts. */
function expectNear(share: number, wanted: number): void {
  expect(share).toBeGreaterThan(wanted * 0.8)
  expect(share).toBeLessThan(wanted * 1.2)
}
const share = (shipments: readonly Shipment[], kind: Shipment['kind']) =>
  shipments.filter((one) => one.kind === kind).length / MANY

test('a seed gives the same events and the same bytes again', () => {
  const make = (seed: number) => createShipments(seed, 'messages')(createKnownEvents(seed, END_MS).next(300))
  expect(make(4)).toEqual(make(4))
  expect(make(5)).not.toEqual(make(4))
})

test('every event is another one: computer, channel and record id are never the same twice', () => {
  const keys = createKnownEvents(2, END_MS)
    .next(MANY)
    .map(({ key }) => key)
  expect(new Set(keys).size).toBe(MANY)
})

test('one event in twenty is late, by up to forty days', () => {
  const events = createKnownEvents(2, END_MS).next(MANY)
  const late = events.filter(({ event }) => END_MS - event.atMs > 24 * 3_600_000)
  expectNear(late.length / MANY, 0.05)
  expect(Math.max(...late.map(({ event }) => END_MS - event.atMs))).toBeLessThanOrEqual(OLDEST_DAYS * 86_400_000)
})

test('a shipper repeats one record in ten, breaks one in fifty, each under a mark of its own', () => {
  for (const shape of ['lines', 'messages'] as const) {
    const shipments = createShipments(6, shape)(createKnownEvents(6, END_MS).next(MANY))
    const texts = new Set(shipments.map(({ text }) => text))
    expectNear((shipments.length - texts.size) / MANY, 0.1)
    const broken = new Map(shipments.flatMap((one) => (one.kind === 'broken' ? [[one.mark, one.text] as const] : [])))
    expectNear(broken.size / MANY, 0.02)
    for (const [mark, text] of broken) expect(text).toContain(mark)
    expect(share(shipments, 'dropped')).toBeGreaterThan(0)
  }
})

test('both shippers send every event, in shapes that differ', () => {
  const events = createKnownEvents(6, END_MS).next(100)
  const [lines, messages] = (['lines', 'messages'] as const).map((shape) =>
    createShipments(6, shape)(events).flatMap((one) => (one.kind === 'event' ? [one] : [])),
  )
  const keysOf = (shipments: typeof lines) => new Set(shipments!.map(({ event }) => event.key))
  expect(keysOf(lines)).toEqual(keysOf(messages))
  expect(messages!.filter(({ text }) => text.startsWith('<Event ')).length).toBeGreaterThan(30)
  expect(messages!.filter(({ text }) => text.startsWith('{"resourceLogs"')).length).toBeGreaterThan(30)
})

test('strays are all broken, each once', () => {
  const strays = createStrays(6)(createKnownEvents(6, END_MS).next(MANY))
  expectNear(strays.length / MANY, 0.01)
  expect(new Set(strays.map(({ text }) => text)).size).toBe(strays.length)
})

test('of two shippers each has some events alone, and together they have all', () => {
  const events = createKnownEvents(6, END_MS).next(MANY)
  const [lines, messages] = [
    events.filter((one) => isSeenBy('lines', one)),
    events.filter((one) => isSeenBy('messages', one)),
  ]
  expectNear((MANY - lines.length) / MANY, 0.2)
  expectNear((MANY - messages.length) / MANY, 0.2)
  expect(new Set([...lines, ...messages]).size).toBe(MANY)
})
