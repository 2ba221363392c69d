import { describe, expect, it } from 'vitest'
import { WindowsEvent } from '../../../../../schemas/windows-event.ts'
import Value from 'typebox/value'
import { decodeMessage } from '../../../../../services/transport/kafka/decode-message.ts'
import {
  encodeDeadLetter,
  encodeEvent,
  messageHeaders,
  tooLargeLetter,
} from '../../../../../services/transport/kafka/encode-message.ts'
import { toBatches } from '../../../../../services/transport/kafka/kafka-source.ts'
import type { Chunk } from '../../../../../services/transport/kafka/partition-ledger.ts'
import type { KafkaHeaders, KafkaRecord } from '../../../../../services/transport/kafka/record-reader.ts'
import { eventsOf } from '../../../../integration/kafka/kafka-parts.ts'

const [event] = eventsOf(1) as [WindowsEvent]
const deps = {
  tenant: 'default',
  now: () => Date.parse('2026-11-24T08:00:00Z'),
  redact: {
    bytes: (bytes: Uint8Array) =>
      Buffer.from(Buffer.from(bytes).toString('latin1').replace('secret', '[removed]'), 'latin1'),
    text: (text: string) => text.replace('secret', '[removed]'),
  },
}

function recordOf(value: Buffer | string | null, headers: KafkaHeaders = {}, offset = '7'): KafkaRecord {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return { key: Buffer.from('key'), value: bytes, headers, offset, timestamp: '1790000000000' }
}

function chunkOf(records: readonly KafkaRecord[]): Chunk<KafkaRecord> {
  return {
    topic: 'events',
    partition: 3,
    firstOffset: 7n,
    lastOffset: 9n,
    firstTime: 0,
    lastTime: 0,
    bytes: 0,
    records,
  }
}

/** As the broker hands it over: header values are bytes. */
function overTheWire({ value, headers }: ReturnType<typeof encodeEvent>): KafkaRecord {
  return recordOf(value, Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])))
}

describe('a Kafka message', () => {
  it('is the event that was sent, with its tenant', () => {
    const sent = encodeEvent('ten ant/ü', event, messageHeaders('ten ant/ü'))
    expect(sent.key.toString()).toBe(`ten ant/ü\0${event.computer}`)
    expect(decodeMessage('events', overTheWire(sent))).toEqual({ kind: 'event', tenant: 'ten ant/ü', event })
  })

  it('is the dead letter that was sent, with the name of its hand-over', () => {
    const letter = tooLargeLetter('contoso', Buffer.from(JSON.stringify(event)), {
      topic: 'events',
      limit: 100,
      shipper: 'winlogbeat',
      receivedAt: '2026-11-24T08:00:00.000Z',
    })
    const sent = encodeDeadLetter(letter, messageHeaders('contoso', { batch: 'b-17' }))
    expect(decodeMessage('dead_letters', overTheWire(sent))).toEqual({
      kind: 'letter',
      tenant: 'contoso',
      batchId: 'b-17',
      letter,
    })
  })

  it('never takes less room than was said', () => {
    const headers = messageHeaders('contoso', { traceparent: 'x'.repeat(55) })
    const { key, value, bytes } = encodeEvent('contoso', event, headers)
    const headerBytes = Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + text.length, 0)
    expect(bytes).toBeGreaterThan(key.length + value.length + headerBytes + 20)
  })

  it.each<[string, KafkaRecord, string]>([
    ['without headers', recordOf('{}'), 'unknown_shape'],
    ['of a later version', recordOf('{}', { schema: '2', tenant: 'a' }), 'unknown_schema_version'],
    ['of no version', recordOf('{}', { schema: 'one', tenant: 'a' }), 'unknown_shape'],
    ['of version 0', recordOf('{}', { schema: '0', tenant: 'a' }), 'unknown_shape'],
    ['with two versions', recordOf('{}', { schema: ['1', '1'], tenant: 'a' }), 'unknown_shape'],
    ['whose version is no text', recordOf('{}', { schema: Buffer.from([0xff]), tenant: 'a' }), 'unknown_shape'],
    ['without tenant', recordOf('{}', { schema: '1' }), 'unknown_shape'],
    ['with a tenant that holds a NUL', recordOf('{}', { schema: '1', tenant: 'a\0b' }), 'unknown_shape'],
    ['with an endless tenant', recordOf('{}', { schema: '1', tenant: 'a'.repeat(257) }), 'unknown_shape'],
    ['with headers named like properties', recordOf('{}', { constructor: '1', ['__proto__']: '1' }), 'unknown_shape'],
    ['without value', recordOf(null, { schema: '1', tenant: 'a' }), 'unknown_shape'],
    ['that is no UTF-8', recordOf(Buffer.from([0xc3, 0x28]), { schema: '1', tenant: 'a' }), 'not_utf8'],
    ['that is no JSON', recordOf('{"a":', { schema: '1', tenant: 'a' }), 'not_json'],
    ['that is empty', recordOf('', { schema: '1', tenant: 'a' }), 'not_json'],
    ['that is no object', recordOf('[]', { schema: '1', tenant: 'a' }), 'invalid_event'],
    [
      'with a wrong field',
      recordOf(JSON.stringify({ ...event, level: 'high' }), { schema: '1', tenant: 'a' }),
      'invalid_event',
    ],
  ])('%s is a reject', (_, record, reason) => {
    expect(decodeMessage('events', record)).toMatchObject({ kind: 'reject', reason })
  })

  it('says which field is wrong', () => {
    const record = recordOf(JSON.stringify({ ...event, occurred_at: 'yesterday' }), { schema: '1', tenant: 'a' })
    expect(decodeMessage('events', record)).toMatchObject({ detail: expect.stringContaining('/occurred_at') as string })
  })

  it('passes only what the schema of events takes, whatever is put into a field', () => {
    const strange = [null, true, -1, Number.MAX_VALUE, 65_536, '', 'x', [], {}, '\u0000']
    for (const name of Object.keys(event)) {
      for (const value of strange) {
        const json = JSON.stringify({ ...event, [name]: value })
        const decoded = decodeMessage('events', recordOf(json, { schema: '1', tenant: 'a' }))
        expect(decoded.kind === 'event').toBe(Value.Check(WindowsEvent, JSON.parse(json)))
      }
    }
  })
})

describe('the batches of a chunk', () => {
  const ours = (tenant: string) => ({ schema: '1', tenant })

  it('hold the events by tenant and name the offsets; each dead letter stands alone, named by its own', () => {
    const json = JSON.stringify(event)
    const records = [recordOf(json, ours('a')), recordOf('secret', {}, '8'), recordOf(json, ours('b'), '9')]
    const batches = toBatches(deps, 'events', chunkOf(records))
    expect(batches.map(({ tenant, events, batchId }) => [tenant, events.length, batchId])).toEqual([
      ['default', 0, 'kafka:events/3@8'],
      ['a', 1, 'kafka:events/3@7-9'],
      ['b', 1, 'kafka:events/3@7-9'],
    ])
    expect(batches[2]?.originOf?.(0)).toBe('kafka:events/3@9')
    expect(batches[0]?.deadLetters).toMatchObject([
      { origin: 'kafka:events/3@8', length: 6, received_at: '2026-11-24T08:00:00.000Z' },
    ])
    expect(Buffer.from(batches[0]?.deadLetters[0]?.bytes ?? '', 'base64').toString()).toBe('[removed]')
  })

  it('name a dead letter alike in whatever chunk it comes', () => {
    const alone = toBatches(deps, 'events', chunkOf([recordOf('x', {}, '8')]))
    const between = toBatches(deps, 'events', chunkOf([recordOf('y'), recordOf('x', {}, '8'), recordOf('z', {}, '9')]))
    expect(between).toContainEqual(alone[0])
  })

  it('tell two messages without value apart by their keys', () => {
    const records = ['k1', 'k2'].map((key) => ({ ...recordOf(null), key: Buffer.from(key) }))
    const keys = toBatches(deps, 'events', chunkOf(records)).flatMap(({ deadLetters }) =>
      deadLetters.map(({ dead_letter_key }) => dead_letter_key),
    )
    expect(new Set(keys).size).toBe(2)
  })
})
