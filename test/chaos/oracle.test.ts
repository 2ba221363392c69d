import { describe, expect, test } from 'vitest'
import { createExpectations, receiptOf } from './expectations.ts'
import { createKnownEvents } from './known-events.ts'
import { createShipments, type Shipment } from './make-shipments.ts'
import { countEach, isExact, judge, type Observed } from './oracle.ts'

const END_MS = Date.UTC(2026, 10, 24, 12)

function sent(): { shipments: readonly Shipment[]; expectations: ReturnType<typeof createExpectations> } {
  const expectations = createExpectations()
  const shipments = createShipments(3, 'lines')(createKnownEvents(3, END_MS).next(400))
  expectations.acknowledge(shipments)
  return { shipments, expectations }
}

/** What readers see where nothing is wrong. */
function exactOf(shipments: readonly Shipment[]): Observed {
  const events = new Map(
    shipments.flatMap((one) => (one.kind === 'event' ? [[one.event.key, one.event] as const] : [])),
  )
  const names = [...events.values()].map(({ second, event }) => `${second - (second % 3600)}/${event.content.event_id}`)
  const verdicts = new Map([['1780000000/failure/', events.size]])
  return {
    keys: [...events.keys()],
    letters: [...new Set(shipments.flatMap((one) => (one.kind === 'broken' ? [one.mark] : [])))],
    trend: countEach(names),
    hourly: countEach(names),
    verdicts,
    verdictsOfRows: verdicts,
  }
}

describe('the oracle', () => {
  const { shipments, expectations } = sent()
  const exact = exactOf(shipments)
  const judged = (changed: Partial<Observed>) => judge(expectations.expected(), { ...exact, ...changed })

  test('finds nothing wrong where readers see each event and each broken record once', () => {
    const judgement = judged({})
    expect(isExact(judgement)).toBe(true)
    expect(judgement).toMatchObject({ stored: 400, lost: 0, doubled: 0, trend_mismatches: 0, examples: [] })
    expect(judgement.dead_lettered).toBe(exact.letters.length)
    expect(exact.letters.length).toBeGreaterThan(0)
  })

  test('sees one lost event', () => {
    const judgement = judged({ keys: exact.keys.slice(1) })
    expect(judgement).toMatchObject({ stored: 399, lost: 1, doubled: 0, examples: [`lost event ${exact.keys[0]!}`] })
    expect(isExact(judgement)).toBe(false)
  })

  test('sees one event twice, and one that nobody sent', () => {
    expect(judged({ keys: [...exact.keys, exact.keys[9]!] })).toMatchObject({ stored: 400, lost: 0, doubled: 1 })
    expect(judged({ keys: [...exact.keys, 'f'.repeat(32)] })).toMatchObject({ stored: 401, lost: 0, doubled: 1 })
  })

  test('sees a loss that an event of nobody would make up for', () => {
    expect(judged({ keys: [...exact.keys.slice(1), 'f'.repeat(32)] })).toMatchObject({
      stored: 400,
      lost: 1,
      doubled: 1,
    })
  })

  test('sees dead letters that are missing, there twice, or of records that were not broken', () => {
    expect(judged({ letters: exact.letters.slice(1) })).toMatchObject({ letters_lost: 1, letters_doubled: 0 })
    expect(judged({ letters: [...exact.letters, exact.letters[0]!] })).toMatchObject({ letters_doubled: 1 })
    const unmarked = judged({ letters: [...exact.letters, null] })
    expect(isExact(unmarked)).toBe(false)
    expect(unmarked.examples).toEqual(['1 dead letters of records that were not broken'])
    expect(isExact(judged({ letters: [...exact.letters, 'broken-lines-9999-end'] }))).toBe(false)
  })

  test('sees each number of each trend that differs, whether too high, too low, missing or made up', () => {
    const [first, second] = [...exact.trend.keys()] as [string, string]
    const wrong = new Map(exact.trend).set(first, 1_000).set('0/1', 1)
    wrong.delete(second)
    expect(judged({ trend: wrong }).trend_mismatches).toBe(3)
    expect(judged({ hourly: wrong }).trend_mismatches).toBe(3)
    expect(judged({ verdicts: new Map() }).trend_mismatches).toBe(1)
  })
})

test('what is not acknowledged is not expected', () => {
  const expectations = createExpectations()
  const shipments = createShipments(3, 'messages')(createKnownEvents(3, END_MS).next(50))
  expectations.acknowledge(shipments.slice(0, 10))
  const { sent: count, events, broken } = expectations.expected()
  expect(count).toBe(10)
  expect(events.size + broken.size).toBeLessThanOrEqual(10)
})

test('a receipt accounts for every shipment', () => {
  const { shipments } = sent()
  const { received, accepted, dead_lettered, dropped } = receiptOf(shipments)
  expect(received).toBe(shipments.length)
  expect(received).toBe(accepted + dead_lettered + dropped)
  expect([dead_lettered, dropped].every((count) => count > 0)).toBe(true)
})
