import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createIntake } from '../../../collectors/intake.ts'
import type { Decoded } from '../../../collectors/formats/format.ts'
import { decodeMessage } from '../../../collectors/formats/registry.ts'
import { createDropCount, type Keep } from '../../../collectors/keep-providers.ts'
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import { DeadLetter } from '../../../schemas/dead-letter.ts'
import { Check } from 'typebox/value'
import { eventXml, type EventFields, winlogbeatLine } from '../../support/events.ts'

const catalog = loadCatalog()
const NOW = Date.parse('2026-11-24T12:00:00Z')
const context = { receivedAt: '2026-11-24T12:00:00.000Z' }
const intakeOf = (keep: Keep = 'known', tenant = 'default') =>
  createIntake({ catalog, tenant, keep, sourceKind: 'file', clock: () => NOW })
const originOf = (offset: number): string => `pc7.json@${offset}`
const take = (text: string, keep: Keep = 'known') =>
  intakeOf(keep).take(decodeMessage(Buffer.from(text), context), originOf)
const takeXml = (fields: EventFields) => take(eventXml(fields))

describe('intake', () => {
  it('accounts for every record: received = events + dead letters + dropped', () => {
    const lines = [
      winlogbeatLine(),
      winlogbeatLine({ provider: 'Service Control Manager', channel: 'System' }),
      '{"not":"an event"}',
      winlogbeatLine({ time: '1601-01-01T00:00:00.000Z' }),
      '{broken',
    ]
    const taken = take(lines.join('\n'))
    expect([taken.events.length, taken.deadLetters.length, taken.dropped]).toEqual([1, 3, 1])
    expect(taken.deadLetters.map(({ reason }) => reason)).toEqual(['unknown_shape', 'time_out_of_range', 'truncated'])
    expect(taken.droppedBy).toEqual([
      { rule: 'unknown_provider', provider: 'Service Control Manager', channel: 'System', events: 1 },
    ])
  })

  it('keeps the events of every provider in the catalog, and with `all` every event', () => {
    for (const provider of catalog.providers.keys()) {
      expect(take(winlogbeatLine({ provider })).events, provider).toHaveLength(1)
    }
    expect(take(winlogbeatLine({ provider: 'microsoft-windows-aad' })).events).toHaveLength(1)
    expect(take(winlogbeatLine({ provider: 'Microsoft-Windows-AAD2' })).dropped).toBe(1)
    expect(take(winlogbeatLine({ provider: 'Service Control Manager' }), 'all').events).toHaveLength(1)
  })

  it('drops what is older than the retention by rule, but never a time that is no time', () => {
    const intake = createIntake({
      catalog,
      tenant: 'default',
      keep: 'known',
      sourceKind: 'file',
      clock: () => NOW,
      retentionDays: 30,
    })
    const times = ['2026-10-25T11:59:59Z', '2026-10-25T12:00:01Z', '1601-01-01T00:00:00Z']
    const lines = times.map((time) => winlogbeatLine({ time })).join('\n')
    const { events, deadLetters, dropped, droppedBy } = intake.take(
      decodeMessage(Buffer.from(lines), context),
      originOf,
    )
    expect([events.length, deadLetters.length, dropped]).toEqual([1, 1, 1])
    expect(droppedBy).toMatchObject([{ rule: 'expired', provider: 'Microsoft-Windows-AAD', events: 1 }])
  })

  it.each([
    ['1601-01-01T00:00:00Z', false],
    ['1989-12-31T23:59:59.9999999Z', false],
    ['1990-01-01T00:00:00Z', true],
    ['2026-11-24T12:00:00Z', true],
    ['2027-11-25T11:59:59Z', true],
    ['2027-11-25T12:00:01Z', false],
    ['9999-12-31T23:59:59.9999999Z', false],
  ])('takes the time %s: %s', (time, isValid) => {
    const { events, deadLetters } = takeXml({ time })
    expect(events).toHaveLength(isValid ? 1 : 0)
    expect(deadLetters.map(({ reason }) => reason)).toEqual(isValid ? [] : ['time_out_of_range'])
  })

  it('keeps the record of an event with an impossible time, to be replayed', () => {
    const [letter] = takeXml({ time: '1601-01-01T00:00:00Z' }).deadLetters
    expect(Buffer.from(letter!.bytes, 'base64').toString()).toBe(eventXml({ time: '1601-01-01T00:00:00Z' }))
    expect(letter).toMatchObject({
      origin: 'pc7.json@0',
      shipper: 'event_xml',
      received_at: '2026-11-24T12:00:00.000Z',
    })
  })

  it.each(['', ' '])('refuses an event whose computer is %j', (computer) => {
    const { events, deadLetters } = takeXml({ computer })
    expect(events).toEqual([])
    expect(deadLetters.map(({ reason }) => reason)).toEqual(['no_computer'])
  })

  it('keeps the largest record id exactly', () => {
    const recordId = '18446744073709551615'
    expect(takeXml({ recordId }).events[0]?.record_id).toBe(recordId)
    expect(take(winlogbeatLine({ recordId })).events[0]?.record_id).toBe(recordId)
  })

  it('removes secrets from events and dead letters', () => {
    const secret = 'opaque-secret-of-a-device'
    const fields = { provider: 'Microsoft-Windows-User Device Registration', eventId: 103, data: { AuthToken: secret } }
    const good = takeXml(fields)
    expect(good.events[0]?.data).toEqual({ AuthToken: '[removed]' })
    const bad = takeXml({ ...fields, time: '1601-01-01T00:00:00Z' })
    expect(Buffer.from(bad.deadLetters[0]!.bytes, 'base64').toString()).not.toContain(secret)
    expect(JSON.stringify([good, bad])).not.toContain(secret)
  })

  const nameless = { param1: '1', param2: 'a@b.c', param3: 'SECRET5' }
  const provider = 'Microsoft-Windows-User Device Registration'
  const unnamed = (fields: EventFields) =>
    eventXml({ provider, eventId: 303, data: nameless, ...fields }).replace(/<Data Name='param\d'>/g, '<Data>')
  const winlogbeat = (fields: EventFields) =>
    winlogbeatLine({ provider, eventId: 303, data: nameless, message: 'Token: SECRET5', ...fields })
  it.each([
    ['no_computer', unnamed({ computer: '' })],
    ['time_out_of_range', unnamed({ time: '1601-01-01T00:00:00Z' })],
    ['time_out_of_range', unnamed({ time: '1601-01-01T00:00:00Z' }).replace('SECRET5', 'S&#69;CRET5')],
    ['no_time', unnamed({ time: 'yesterday' })],
    ['truncated', unnamed({}).replace(/T5<.*/, '')],
    ['xml_dtd', `<!DOCTYPE x>${unnamed({})}`],
    [
      'no_computer',
      unnamed({ computer: '', provider: 'Microsoft-Windows-SettingSync', eventId: 6516, data: { param1: 'SECRET5' } }),
    ],
    ['no_computer', winlogbeat({ computer: '' })],
    ['time_out_of_range', winlogbeat({ time: '1601-01-01T00:00:00Z' })],
    ['time_out_of_range', winlogbeat({ time: '1601-01-01T00:00:00Z' }).replaceAll('SECRET5', String.raw`S\u0045CRET5`)],
    ['truncated', winlogbeat({}).replace(/T5"\}.*/, '')],
  ])('removes secrets without a name from the dead letter %s: %s', (_, raw) => {
    const { deadLetters, events } = take(raw)
    expect([deadLetters.length, events.length]).toEqual([1, 0])
    const bytes = Buffer.from(deadLetters[0]!.bytes, 'base64').toString()
    expect(bytes).toContain('[removed]')
    expect(JSON.stringify(JSON.stringify(deadLetters)) + bytes).not.toMatch(/SECRE|CRET|[EeTt]5</)
  })

  it('keeps a record that held a secret so that it can be replayed', () => {
    const [letter] = take(unnamed({ time: '1601-01-01T00:00:00Z' })).deadLetters
    const again = decodeMessage(Buffer.from(letter!.bytes, 'base64'), context)
    expect(again).toMatchObject([
      { kind: 'event', event: { shipper: 'event_xml', event_id: 303, data: { param1: '1', param3: '[removed]' } } },
    ])
  })

  it('passes damage on and does not count it', () => {
    const damage: Decoded = { kind: 'damage', offset: 4096, length: 65536, reason: 'bad chunk' }
    expect(intakeOf().take([damage], originOf)).toEqual({
      events: [],
      deadLetters: [],
      dropped: 0,
      droppedBy: [],
      damaged: [damage],
    })
  })
})

describe('a dead letter', () => {
  const bytes = Buffer.from([0, 0xff, 0x80, 1])
  const reject: Decoded = {
    kind: 'reject',
    reason: 'not_utf8',
    detail: 'byte\n0xFF',
    offset: 7,
    bytes,
    length: 4,
    shipper: null,
  }

  it('fits its schema, holds the bytes and says where it stood', () => {
    const [letter] = intakeOf().take([reject], originOf).deadLetters
    expect(Check(DeadLetter, letter)).toBe(true)
    expect(letter).toMatchObject({
      tenant: 'default',
      source_kind: 'file',
      origin: 'pc7.json@7',
      length: 4,
      detail: 'byte 0xFF',
    })
    expect(Buffer.from(letter!.bytes, 'base64')).toEqual(bytes)
  })

  it('has a key of tenant, source kind, reason and bytes, and of nothing else', () => {
    const keyOf = (one: Decoded, tenant = 'default') =>
      intakeOf('known', tenant).take([one], originOf).deadLetters[0]?.dead_letter_key
    const expected = createHash('sha256')
      .update('["1","default","file","not_utf8"]\n')
      .update(bytes)
      .digest('hex')
      .slice(0, 32)
    expect(keyOf(reject)).toBe(expected)
    expect(keyOf({ ...reject, offset: 99, detail: 'other', shipper: 'evtx' })).toBe(expected)
    expect(keyOf(reject, 'other')).not.toBe(expected)
    expect(keyOf({ ...reject, reason: 'not_json' })).not.toBe(expected)
    expect(keyOf({ ...reject, bytes: bytes.subarray(1) })).not.toBe(expected)
  })

  it('keeps the first 64 KiB of a record of more than 16 MiB, and its length', () => {
    const length = 17 * 1024 * 1024
    const [letter] = intakeOf().take(
      [{ ...reject, reason: 'too_large', bytes: Buffer.alloc(length, 'x'), length }],
      originOf,
    ).deadLetters
    expect(letter?.length).toBe(length)
    expect(Buffer.from(letter!.bytes, 'base64')).toHaveLength(64 * 1024)
  })
})

describe('drop count', () => {
  it('adds up by provider and channel, most first', () => {
    const count = createDropCount()
    count.add('unknown_provider', 'a', 'x', 1)
    count.add('unknown_provider', 'b', null, 5)
    count.add('unknown_provider', 'a', 'x', 2)
    count.add('unknown_provider', null, null, 1)
    expect(count.total).toBe(9)
    expect(count.list()).toEqual([
      { rule: 'unknown_provider', provider: 'b', channel: null, events: 5 },
      { rule: 'unknown_provider', provider: 'a', channel: 'x', events: 3 },
      { rule: 'unknown_provider', provider: null, channel: null, events: 1 },
    ])
  })

  it('stays small when every event names a new provider, and still counts all', () => {
    const count = createDropCount()
    for (let at = 0; at < 50_000; at++) count.add('unknown_provider', `p${at}`, 'c', 1)
    expect(count.total).toBe(50_000)
    expect(count.list().length).toBeLessThanOrEqual(1001)
    expect(count.list()[0]).toEqual({ rule: 'unknown_provider', provider: null, channel: null, events: 49_000 })
  })
})
