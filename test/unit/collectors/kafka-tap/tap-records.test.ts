import { setImmediate } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { MAX_UNPACKED_BYTES } from '../../../../collectors/formats/unpack-message.ts'
import { HELD_BUDGET } from '../../../../collectors/kafka-tap/hand-over.ts'
import { createTap, type TapChunk } from '../../../../collectors/kafka-tap/tap-records.ts'
import { createIntake } from '../../../../collectors/intake.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { sightingId } from '../../../../schemas/dead-letter-key.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import type { Batch, Sink } from '../../../../services/transport/transport.ts'
import { createMemorySink, eventXml, winlogbeatLine } from '../../../support/events.ts'

const catalog = loadCatalog()
const NOW = Date.parse('2026-11-24T12:00:00Z')

function tapInto(sink: Sink, timeZone?: string, budget = HELD_BUDGET) {
  const intake = createIntake({ catalog, tenant: 'contoso', keep: 'known', sourceKind: 'kafka', clock: () => NOW })
  return createTap({ sources: [{ topic: 'beats', intake, timeZone }], sink, clock: () => NOW, budget })
}

function chunkOf(values: readonly (string | Buffer | null)[], first = 100): TapChunk {
  const records = values.map((value, at) => ({
    key: Buffer.from(`key-${first + at}`),
    value: value === null ? null : Buffer.from(value),
    offset: String(first + at),
  }))
  const place = { topic: 'beats', partition: 3 }
  return { ...place, firstOffset: BigInt(first), lastOffset: BigInt(first + values.length - 1), records }
}

const lettersOf = (batches: readonly Batch[]) => batches.flatMap(({ deadLetters }) => deadLetters)
const eventsOf = (batches: readonly Batch[]) => batches.flatMap(({ events }) => events)

describe('the tap', () => {
  test('takes messages of any shape, one record or many, as the tenant of the topic', async () => {
    const { sink, batches } = createMemorySink()
    const two = `${winlogbeatLine({ recordId: '2' })}\n${winlogbeatLine({ recordId: '3' })}`
    await tapInto(sink)([chunkOf([winlogbeatLine({ recordId: '1' }), two, eventXml({ recordId: '4' })])])
    expect(eventsOf(batches).map(({ record_id }) => record_id)).toEqual(['1', '2', '3', '4'])
    expect(batches).toHaveLength(1)
    expect(batches[0]).toMatchObject({ tenant: 'contoso', batchId: 'kafka:beats/3@100-102' })
  })

  test('takes what Fluent Bit and Vector put into a topic', async () => {
    const { sink, batches } = createMemorySink()
    const provider = 'Microsoft-Windows-AAD'
    const channel = 'Microsoft-Windows-AAD/Operational'
    const fluentBit = {
      '@timestamp': 1782921600.5,
      ProviderName: provider,
      EventID: 1104,
      TimeCreated: '2026-07-01 14:00:00 +0200',
      EventRecordID: 1,
      Channel: channel,
      Computer: 'PC-1',
      StringInserts: ['Get token', 3221225567],
    }
    const vector = {
      source_type: 'windows_event_log',
      timestamp: '2026-07-01T12:00:00.1234567Z',
      provider_name: provider,
      event_id: 1104,
      record_id: 1,
      level_value: 2,
      channel,
      computer: 'PC-1',
      event_data: { API: 'Get token', Result: '3221225567' },
    }
    const xml = { '@timestamp': 1782921600.5, System: eventXml({ recordId: '2' }), Message: 'said' }
    await tapInto(sink)([chunkOf([fluentBit, vector, xml].map((record) => JSON.stringify(record)))])
    expect(eventsOf(batches)).toMatchObject([
      { shipper: 'fluent_bit', record_id: '1', occurred_at: '2026-07-01T12:00:00Z' },
      { shipper: 'vector', record_id: '1', occurred_at: '2026-07-01T12:00:00.1234567Z' },
      { shipper: 'fluent_bit', record_id: '2', message: 'said' },
    ])
    expect(lettersOf(batches)).toEqual([])
  })

  test('takes messages as files are taken: UTF-16, behind white space, in gzip, in Zstandard', async () => {
    const { sink, batches } = createMemorySink()
    const messages = [
      Buffer.from(`\ufeff${eventXml({ recordId: '1' })}`, 'utf16le'),
      `${' '.repeat(5000)}\n${eventXml({ recordId: '2' })}`,
      gzipSync(winlogbeatLine({ recordId: '3' })),
      zstdCompressSync(eventXml({ recordId: '4' })),
    ]
    await tapInto(sink)([chunkOf(messages)])
    expect(eventsOf(batches).map(({ record_id }) => record_id)).toEqual(['1', '2', '3', '4'])
    expect(lettersOf(batches)).toEqual([])
  })

  test('accounts for every message: what holds no record becomes a dead letter with its place', async () => {
    const { sink, batches } = createMemorySink()
    const values = [null, '', 'no json', '{"a":1}', Buffer.from([0xff, 0xfe, 0xfd]), `${winlogbeatLine()}\n{"half":`]
    await tapInto(sink)([chunkOf(values)])
    expect(lettersOf(batches).map(({ origin, reason }) => [origin, reason])).toEqual([
      ['kafka:beats/3@100', 'unknown_shape'],
      ['kafka:beats/3@101', 'unknown_shape'],
      ['kafka:beats/3@102', 'not_json'],
      ['kafka:beats/3@103', 'unknown_shape'],
      ['kafka:beats/3@104', expect.any(String)],
      [`kafka:beats/3@105+${winlogbeatLine().length + 1}`, 'truncated'],
    ])
    expect(Buffer.from(lettersOf(batches)[0]?.bytes ?? '', 'base64').toString()).toBe('key-100')
    expect(eventsOf(batches)).toHaveLength(1)
  })

  test('counts what it drops by rule', async () => {
    const { sink, batches } = createMemorySink()
    await tapInto(sink)([chunkOf([winlogbeatLine({ provider: 'Contoso-Printer' }), winlogbeatLine()])])
    expect(batches.map(({ events, dropped }) => [events.length, dropped])).toEqual([[1, 1]])
  })

  test('reads times without a zone in the zone of the topic', async () => {
    const { sink, batches } = createMemorySink()
    await tapInto(sink, 'Europe/Amsterdam')([chunkOf([eventXml({ time: '2026-07-01T12:00:00' })])])
    expect(eventsOf(batches)[0]?.occurred_at).toMatch(/^2026-07-01T10:00:00/)
  })

  test('a message that comes again in another chunk is the same sighting', async () => {
    const { sink, batches } = createMemorySink()
    const tap = tapInto(sink)
    await tap([chunkOf(['bad', 'bad', winlogbeatLine()], 7)])
    await tap([chunkOf(['bad', winlogbeatLine()], 8)])
    const sightings = batches.flatMap(({ batchId, deadLetters }) =>
      deadLetters.map(({ dead_letter_key, origin }) => sightingId(batchId, dead_letter_key, origin)),
    )
    expect(sightings).toHaveLength(3)
    expect(new Set(sightings).size).toBe(2)
    expect(sightings[1]).toBe(sightings[2])
  })

  test('rejects as the sink does, so that the position stays', async () => {
    const error = new AppError('BROKER_UNAVAILABLE', 'not now', { retryable: true })
    const tap = tapInto({ send: () => Promise.reject(error) })
    await expect(tap([chunkOf([winlogbeatLine()])])).rejects.toBe(error)
  })
})

/** Keeps the sums of what was handed over, and lets go of the rest; every sending takes a turn of the event loop. */
function createGauge(failAt = Infinity) {
  const seen = { events: 0, held: 0, peak: 0, sent: 0, open: 0 }
  const ids: string[] = []
  const batchIds: string[] = []
  const send: Sink['send'] = async ({ events, deadLetters, dropped, batchId }) => {
    seen.held += events.length + deadLetters.length
    seen.peak = Math.max(seen.peak, seen.held)
    seen.open++
    if (seen.sent++ === failAt) throw new AppError('BROKER_UNAVAILABLE', 'not now', { retryable: true })
    await setImmediate()
    seen.open--
    seen.events += events.length
    seen.held -= events.length + deadLetters.length
    for (const { record_id } of events) ids.push(record_id ?? '')
    if (events.length > 0) batchIds.push(batchId)
    const received = events.length + deadLetters.length + dropped
    return { received, accepted: events.length, dead_lettered: deadLetters.length, dropped }
  }
  return { sink: { send }, seen, ids, batchIds }
}

/** Lines with record ids from `first`, in one packed message. */
const linesOf = (count: number, first: number) =>
  Array.from({ length: count }, (_, at) => `${winlogbeatLine({ recordId: String(first + at) })}\n`).join('')

describe('messages that unpack to much', () => {
  const LINE_BYTES = winlogbeatLine({ recordId: '1' }).length
  /** A part of a message is decoded whole: 64 KiB. */
  const PART_RECORDS = Math.ceil((64 * 1024) / LINE_BYTES)
  const expected = Array.from({ length: 24 * 1000 }, (_, at) => String(at + 1))
  const messages = Array.from({ length: 24 }, (_, at) => zstdCompressSync(linesOf(1000, at * 1000 + 1)))

  test.each([
    ['records', { records: 500, bytes: Infinity }, 500 + PART_RECORDS],
    ['bytes', { records: Infinity, bytes: 256 * 1024 }, 5 * PART_RECORDS],
  ])('are sent part by part, and no more is held than the budget of %s', async (_of, budget, highest) => {
    const { sink, seen, ids, batchIds } = createGauge()
    const chunks = [chunkOf(messages.slice(0, 12)), chunkOf(messages.slice(12), 112)]
    await tapInto(sink, undefined, budget)(chunks)
    expect(ids).toEqual(expected)
    expect(seen.peak).toBeGreaterThan(1)
    expect(seen.peak).toBeLessThanOrEqual(highest)
    expect(new Set(batchIds).size).toBe(batchIds.length)
    expect(batchIds[0]).toMatch(/^kafka:beats\/3@100-1/)
    expect(batchIds.at(-1)).toMatch(/-123$/)
  })

  test('are named the same when they come again', async () => {
    const budget = { records: 300, bytes: Infinity }
    const [one, other] = [createGauge(), createGauge()]
    for (const { sink } of [one, other]) await tapInto(sink, undefined, budget)([chunkOf(messages.slice(0, 3))])
    expect(one.batchIds.length).toBeGreaterThan(5)
    expect(other.batchIds).toEqual(one.batchIds)
  })

  test('let others have their turn while they are decoded', async () => {
    const { sink } = createGauge()
    let isDone = false
    let turns = 0
    const count = async () => {
      while (!isDone) {
        await setImmediate()
        turns++
      }
    }
    const counting = count()
    await tapInto(sink)([chunkOf([zstdCompressSync(linesOf(10_000, 1))])])
    isDone = true
    await counting
    expect(turns).toBeGreaterThanOrEqual(Math.floor((10_000 * LINE_BYTES) / (1024 * 1024)))
  })

  test('resolve only when the sink has all of them, and reject when it refuses one in the middle', async () => {
    const budget = { records: 500, bytes: Infinity }
    const whole = createGauge()
    await tapInto(whole.sink, undefined, budget)([chunkOf(messages.slice(0, 4))])
    expect(whole.seen).toMatchObject({ open: 0, held: 0, events: 4000 })
    for (const failAt of [0, 2, whole.seen.sent - 1]) {
      const failing = createGauge(failAt)
      const tapped = tapInto(failing.sink, undefined, budget)([chunkOf(messages.slice(0, 4))])
      await expect(tapped).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
      expect(failing.seen.sent).toBe(failAt + 1)
    }
  })

  test('are dead letters where one alone is too much, and the others are read', async () => {
    const { sink, batches } = createMemorySink()
    const bomb = zstdCompressSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1, ' '))
    await tapInto(sink)([chunkOf([winlogbeatLine({ recordId: '1' }), bomb, winlogbeatLine({ recordId: '2' })])])
    expect(eventsOf(batches).map(({ record_id }) => record_id)).toEqual(['1', '2'])
    expect(lettersOf(batches)).toMatchObject([
      { reason: 'too_large', origin: 'kafka:beats/3@101', bytes: bomb.toString('base64'), length: bomb.length },
    ])
  })

  test('are dead letters besides their events where they are not whole', async () => {
    const { sink, batches } = createMemorySink()
    const value = Buffer.concat([zstdCompressSync(`${winlogbeatLine()}\n`), Buffer.from('rest')])
    await tapInto(sink)([chunkOf([value])])
    expect(eventsOf(batches)).toHaveLength(1)
    const origin = `kafka:beats/3@100+${winlogbeatLine().length + 1}`
    expect(lettersOf(batches)).toMatchObject([{ reason: 'truncated', origin, bytes: value.toString('base64') }])
  })
})
