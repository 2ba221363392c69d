import { describe, expect, it } from 'vitest'
import { decode, eventsOf, onlyEvent, onlyReject } from './decode.ts'

const WINLOG = {
  channel: 'C/Operational',
  computer_name: 'PC-1.Contoso.example',
  event_id: '1098',
  provider_name: 'P',
  record_id: 9,
  version: 1,
  opcode: 'Info',
  task: 'Named task',
  keywords: ['Error'],
  activity_id: '{A732CD2E-376A-0002-3B37-3DA76A37DB01}',
  process: { pid: 4744, thread: { id: 15020 } },
  user: { identifier: 'S-1-5-18', domain: 'NT AUTHORITY', name: 'SYSTEM', type: 'User' },
  event_data: { Error: '1', Empty: '' },
}
const RECORD = {
  '@timestamp': '2024-11-15T15:02:03.694Z',
  agent: { type: 'winlogbeat', version: '8.19.12', name: 'COLLECTOR' },
  event: { code: '1098', created: '2024-11-15T15:05:04.123Z' },
  host: { name: 'collector.example' },
  log: { level: 'error' },
  message: 'a\nb',
  winlog: WINLOG,
}
type Json = Record<string, unknown>
const line = (changes: Json = {}, winlog: Json = {}): string =>
  JSON.stringify({ ...RECORD, ...changes, winlog: { ...WINLOG, ...winlog } })

describe('Winlogbeat', () => {
  it('reads every field it has', () => {
    expect(onlyEvent(line())).toEqual({
      computer: 'pc-1.contoso.example',
      channel: 'C/Operational',
      provider: 'P',
      event_id: 1098,
      version: 1,
      level: 2,
      task: null,
      opcode: null,
      keywords: null,
      record_id: '9',
      occurred_at: '2024-11-15T15:02:03.694Z',
      collected_at: '2024-11-15T15:05:04.123Z',
      user_sid: 'S-1-5-18',
      user: 'NT AUTHORITY\\SYSTEM',
      process_id: 4744,
      thread_id: 15020,
      activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
      message: 'a\nb',
      data: { Error: '1', Empty: '' },
      shipper: 'winlogbeat',
    })
  })

  it.each([
    ['the event id as a number (7.x)', { event_id: 1098 }, { event_id: 1098 }],
    ['the record id as text', { record_id: '009' }, { record_id: '9' }],
    ['numbers of task and opcode', { task: '103', opcode: 2 }, { task: 103, opcode: 2 }],
    ['keywords as one hex number', { keywords: ['0x8020000000000000'] }, { keywords: '0x8020000000000000' }],
    ['no event data', { event_data: undefined }, { data: {} }],
    [
      'user data, without the name of its element',
      { event_data: undefined, user_data: { xml_name: 'EventXML', Code: '1' } },
      { data: { Code: '1' } },
    ],
    ['field names with dots, which Beats nests', { event_data: { a: { b: { c: '1' } } } }, { data: { 'a.b.c': '1' } }],
    [
      'values that are no text',
      { event_data: { n: -1, t: true, z: null, l: [1, 'a'] } },
      { data: { n: '-1', t: 'true', z: '', l: '[1,"a"]' } },
    ],
    ['nameless fields', { event_data: { param1: 'a', param3: 'b' } }, { data: { param1: 'a', param3: 'b' } }],
    [
      'the full time of the event',
      { time_created: '2024-11-15T15:02:03.6949840Z' },
      { occurred_at: '2024-11-15T15:02:03.6949840Z' },
    ],
    ['no process', { process: undefined }, { process_id: null, thread_id: null }],
  ])('reads %s', (_name, winlog, expected) => {
    expect(onlyEvent(line({}, winlog))).toMatchObject(expected)
  })

  it('knows English level words only', () => {
    const level = (word: unknown): unknown => onlyEvent(line({ log: { level: word } })).level
    expect(['critical', 'Error', 'warning', 'INFORMATION', 'verbose', 'log always'].map(level)).toEqual([
      1, 2, 3, 4, 5, 0,
    ])
    expect(['Fehler', 'erreur', '', null].map(level)).toEqual([null, null, null, null])
  })

  it.each([
    ['no_computer', line({}, { computer_name: undefined })],
    ['no_computer', line({ host: { name: 'a' } }, { computer_name: '' })],
    ['no_event_id', line({ event: {} }, { event_id: undefined })],
    ['no_time', line({ '@timestamp': undefined })],
    ['no_time', line({ '@timestamp': 1731682923694 })],
    ['invalid_event', line({ '@timestamp': '2024-02-30T00:00:00Z' })],
    ['invalid_event', line({}, { event_id: 65536 })],
    ['invalid_event', line({}, { event_id: 1.5 })],
    ['invalid_event', line({}, { process: { pid: -1 } })],
    ['time_zone_unknown', line({ '@timestamp': '2024-11-15T15:02:03.694' })],
  ])('rejects as %s', (reason, text) => {
    const reject = onlyReject(text)
    expect(reject).toMatchObject({ reason, shipper: 'winlogbeat', offset: 0 })
    expect(Buffer.from(reject.bytes).toString()).toBe(text)
  })

  it('uses the time zone of the source for times without one', () => {
    const context = { receivedAt: '2026-01-01T00:00:00Z', timeZone: 'America/New_York' }
    expect(onlyEvent(line({ '@timestamp': '2024-11-15T15:02:03.694' }), context).occurred_at).toBe(
      '2024-11-15T20:02:03.694Z',
    )
  })

  it('prefers the XML that include_xml keeps, and falls back where it is no event', () => {
    const xml =
      "<Event xmlns='x'><System><Provider Name='P'/><EventID>1098</EventID><Version>3</Version><Keywords>0x12</Keywords>" +
      "<TimeCreated SystemTime='2024-11-15T15:02:03.6949840Z'/><EventRecordID>9</EventRecordID>" +
      "<Computer>PC-1.contoso.example</Computer></System><EventData><Data Name='A'>x&#13;&#10;</Data></EventData></Event>"
    const read = onlyEvent(line({ event: { original: xml, created: '2024-11-15T15:05:04.123Z' } }))
    expect(read).toMatchObject({
      occurred_at: '2024-11-15T15:02:03.6949840Z',
      keywords: '0x0000000000000012',
      version: 3,
      data: { A: 'x\r\n' },
      message: 'a\nb',
      user: 'NT AUTHORITY\\SYSTEM',
      collected_at: '2024-11-15T15:05:04.123Z',
      shipper: 'winlogbeat',
    })
    expect(onlyEvent(line({ event: { original: '<broken' } })).data).toEqual({ Error: '1', Empty: '' })
  })

  it.each([
    ['an Elasticsearch hit', (record: string) => `{"_index":"i","_id":"1","_source":${record}}`],
    ['a Splunk collector event', (record: string) => `{"time":1,"event":${record}}`],
    [
      'a line that Filebeat carried',
      (record: string) => JSON.stringify({ message: record, agent: { type: 'filebeat' } }),
    ],
    ['Logstash output', (record: string) => record.replace('{', '{"@version":"1","tags":["x"],')],
    ['a hit of a line of an event', (record: string) => JSON.stringify({ _source: { message: record } })],
  ])('reads %s', (_name, wrap) => {
    expect(onlyEvent(wrap(line())).computer).toBe('pc-1.contoso.example')
  })

  it('takes no harm from names that mean something to JavaScript', () => {
    const text = line().replace('"event_data":{', '"event_data":{"__proto__":"1","constructor":"2","toString":"3",')
    const { data } = onlyEvent(text)
    expect(Object.keys(data)).toEqual(['__proto__', 'constructor', 'toString', 'Error', 'Empty'])
    const nested = line().replace('"event_data":{', '"event_data":{"__proto__":{"polluted":"yes"},')
    expect(Object.entries(onlyEvent(nested).data)[0]).toEqual(['__proto__.polluted', 'yes'])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(onlyReject('{"__proto__":{"winlog":{}}}').reason).toBe('unknown_shape')
  })

  it('gives every event of a batch its own offset and bytes', () => {
    const decoded = decode(`${line()}\n${line({}, { record_id: 10 })}\n`)
    expect(eventsOf(decoded).map((event) => event.record_id)).toEqual(['9', '10'])
    const [, second] = decoded
    expect(second?.offset).toBe(line().length + 1)
    expect(second?.kind === 'event' && Buffer.from(second.bytes()).toString()).toBe(line({}, { record_id: 10 }))
  })
})
