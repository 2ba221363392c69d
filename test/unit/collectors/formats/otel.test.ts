import { describe, expect, it } from 'vitest'
import { decode, eventsOf, onlyEvent, onlyReject, rejectsOf } from './decode.ts'

type Json = Record<string, unknown>
const BODY: Json = {
  channel: 'C/Operational',
  computer: 'PC-1',
  event_id: { id: 1098, qualifiers: 0 },
  provider: { name: 'P', guid: '{g}', event_source: '' },
  system_time: '2022-04-15T15:28:08.898974199Z',
  record_id: 12345,
  level: 'Error',
  task: '103',
  opcode: 'Info',
  keywords: ['0x4000000000000000'],
  execution: { process_id: 1, thread_id: 2 },
  security: { user_id: 'S-1-5-18' },
  correlation: { activity_id: '{A732CD2E-376A-0002-3B37-3DA76A37DB01}' },
  message: 'm',
  event_data: { Error: '1' },
}

/** A plain value as OTLP/JSON writes it. */
function tagged(value: unknown): Json {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'number') return { intValue: String(value) }
  if (typeof value === 'boolean') return { boolValue: value }
  if (Array.isArray(value)) return { arrayValue: value.length === 0 ? {} : { values: value.map(tagged) } }
  if (value === null || value === undefined) return {}
  const entries = Object.entries(value)
  return {
    kvlistValue: entries.length === 0 ? {} : { values: entries.map(([key, inner]) => ({ key, value: tagged(inner) })) },
  }
}

const exportOf = (...logs: Json[]): string =>
  JSON.stringify({ resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords: logs }] }] })
const log = (body: Json, more: Json = {}): Json => ({
  timeUnixNano: '1731682923694984000',
  observedTimeUnixNano: '1731682924594984012',
  body: tagged(body),
  ...more,
})

describe('OpenTelemetry', () => {
  it('reads a body as OTLP/JSON and as a plain object alike', () => {
    const read = onlyEvent(exportOf(log(BODY)))
    expect(read).toMatchObject({
      computer: 'pc-1',
      provider: 'P',
      event_id: 1098,
      level: 2,
      task: 103,
      opcode: null,
      keywords: '0x4000000000000000',
      record_id: '12345',
      occurred_at: '2022-04-15T15:28:08.8989741Z',
      collected_at: '2024-11-15T15:02:04.5949840Z',
      user_sid: 'S-1-5-18',
      process_id: 1,
      thread_id: 2,
      activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
      data: { Error: '1' },
      shipper: 'otel',
    })
    expect(onlyEvent(JSON.stringify(BODY))).toEqual({ ...read, collected_at: '2026-01-01T00:00:00Z' })
    expect(onlyEvent(JSON.stringify({ body: BODY, severity: 'ERROR' }))).toEqual({
      ...read,
      collected_at: '2026-01-01T00:00:00Z',
    })
  })

  it.each<[string, Json, Json]>([
    ['before 0.89: a map', { event_data: { A: '1', B: '' } }, { A: '1', B: '' }],
    ['none at all', { event_data: undefined }, {}],
    [
      'a list, with repeats and nameless fields',
      { event_data: { name: 'N', binary: '2D20', data: [{ A: '1' }, { '': 'x' }, { A: '2' }] } },
      { A: '1', param2: 'x', 'A#2': '2', Binary: '2D20' },
    ],
    [
      'a map of nameless fields',
      { event_data: { Data1: 'x', Data2: 'y', binary: '00' } },
      { param1: 'x', param2: 'y', Binary: '00' },
    ],
    ['a map with a field that is called Data1', { event_data: { A: '1', Data1: 'x' } }, { A: '1', Data1: 'x' }],
    ['a map with places', { event_data: { A: '1', param2: 'x', Binary: '00' } }, { A: '1', param2: 'x', Binary: '00' }],
    ['user data', { event_data: {}, user_data: { xml_name: 'X', Code: '1' } }, { Code: '1' }],
    ['numbers and booleans', { event_data: { A: 1, B: true } }, { A: '1', B: 'true' }],
    [
      'names that mean something to JavaScript',
      { event_data: JSON.parse('{"__proto__":"1"}') as Json },
      JSON.parse('{"__proto__":"1"}') as Json,
    ],
  ])('reads event data: %s', (_name, change, data) => {
    expect(onlyEvent(exportOf(log({ ...BODY, ...change }))).data).toEqual(data)
    expect(onlyEvent(JSON.stringify({ ...BODY, ...change })).data).toEqual(data)
  })

  it('reads raw XML from the body, and from log.record.original in preference to the body', () => {
    const xml =
      "<Event><System><EventID>7</EventID><TimeCreated SystemTime='2024-01-02T03:04:05.1234567Z'/><Computer>RAW</Computer></System></Event>"
    const times = { observedTimeUnixNano: '1731682924594984012' }
    const expected = {
      event_id: 7,
      computer: 'raw',
      occurred_at: '2024-01-02T03:04:05.1234567Z',
      collected_at: '2024-11-15T15:02:04.5949840Z',
      shipper: 'otel',
    }
    expect(onlyEvent(exportOf({ ...times, body: { stringValue: xml } }))).toMatchObject(expected)
    const attributes = [{ key: 'log.record.original', value: { stringValue: xml } }]
    expect(onlyEvent(exportOf(log(BODY, { attributes })))).toMatchObject(expected)
  })

  it('reads a body that was moved to the attributes', () => {
    const attributes = (tagged(BODY)['kvlistValue'] as Json)['values']
    expect(onlyEvent(exportOf({ attributes, body: { stringValue: 'm' } })).event_id).toBe(1098)
  })

  it('takes the time of the record only where the body has none', () => {
    expect(onlyEvent(exportOf(log({ ...BODY, system_time: undefined }))).occurred_at).toBe(
      '2024-11-15T15:02:03.6949840Z',
    )
    const none = exportOf(log({ ...BODY, system_time: undefined }, { timeUnixNano: '0' }))
    expect(onlyReject(none).reason).toBe('no_time')
    // The receiver's clock stands in timeUnixNano when it could not read the event's time.
    expect(onlyReject(exportOf(log({ ...BODY, system_time: 'soon' }))).reason).toBe('invalid_event')
  })

  it('gives one event for each log record, and each reject the bytes to replay it alone', () => {
    const decoded = decode(exportOf(log(BODY), log({ ...BODY, computer: '' }), log({ ...BODY, record_id: 3 })))
    expect(eventsOf(decoded).map((event) => event.record_id)).toEqual(['12345', '3'])
    const [reject] = rejectsOf(decoded)
    expect(reject).toMatchObject({ reason: 'no_computer', shipper: 'otel' })
    const alone = Buffer.from(reject?.bytes ?? []).toString()
    expect(onlyReject(alone).reason).toBe('no_computer')
    expect(onlyEvent(alone.replace('{"stringValue":""}', '{"stringValue":"FIXED"}')).computer).toBe('fixed')
  })

  it.each([
    ['unknown_shape', { body: { stringValue: 'a line of text' } }],
    ['unknown_shape', { body: {} }],
    ['unknown_shape', {}],
    ['no_event_id', log({ ...BODY, event_id: {} })],
    ['invalid_event', log({ ...BODY, event_id: { id: 70000 } })],
    ['not_xml', { body: { stringValue: '<Event><System></Event>' } }],
  ])('rejects as %s', (reason, record) => {
    expect(onlyReject(exportOf(record)).reason).toBe(reason)
  })

  it('reads localised level words as unknown', () => {
    expect(onlyEvent(exportOf(log({ ...BODY, level: 'Fehler' }, { severityNumber: 17 }))).level).toBeNull()
  })

  it.each([
    '{"resourceLogs":[]}',
    '{"resourceLogs":[{}]}',
    '{"resourceLogs":[null,1,{"scopeLogs":[{"logRecords":null}]}]}',
  ])('finds nothing in %s and does not fail', (text) => {
    expect(decode(text)).toEqual([])
  })
})
