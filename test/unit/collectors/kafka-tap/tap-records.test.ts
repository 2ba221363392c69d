import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createTap, type TapChunk } from '../../../../collectors/kafka-tap/tap-records.ts'
import { createIntake } from '../../../../collectors/intake.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { sightingId } from '../../../../schemas/dead-letter-key.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import type { Batch, Sink } from '../../../../services/transport/transport.ts'
import { createMemorySink, eventXml, winlogbeatLine } from '../../../support/events.ts'

const catalog = loadCatalog()
const NOW = Date.parse('2026-11-24T12:00:00Z')

function tapInto(sink: Sink, timeZone?: string) {
  const intake = createIntake({ catalog, tenant: 'contoso', keep: 'known', sourceKind: 'kafka', clock: () => NOW })
  return createTap({ sources: [{ topic: 'beats', intake, timeZone }], sink, clock: () => NOW })
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
