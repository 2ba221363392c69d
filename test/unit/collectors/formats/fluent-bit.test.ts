import { describe, expect, it } from 'vitest'
import { decode, eventsOf, onlyEvent, onlyReject } from './decode.ts'

type Json = Record<string, unknown>
const FIELDS: Json = {
  '@timestamp': 1731682924.894,
  ProviderName: 'P',
  ProviderGuid: '{4DE9BC9C-B27A-43C9-8994-0915F1A5E24F}',
  Qualifiers: '',
  EventID: 1098,
  Version: 0,
  Level: 2,
  Task: 103,
  Opcode: 0,
  Keywords: '0x80000000000000',
  TimeCreated: '2024-11-15 16:02:03 +0100',
  EventRecordID: 9,
  ActivityID: '{A732CD2E-376A-0002-3B37-3DA76A37DB01}',
  RelatedActivityID: '',
  ProcessID: 4744,
  ThreadID: 15020,
  Channel: 'C',
  Computer: 'PC-1',
  UserID: 'S-1-5-18',
  Message: 'said',
  StringInserts: [3399811100, 'text', true, '', -1, 1.5],
}
const record = (rest: Json = {}): string => JSON.stringify({ ...FIELDS, ...rest })

const EVENT = {
  computer: 'pc-1',
  channel: 'C',
  provider: 'P',
  event_id: 1098,
  version: 0,
  level: 2,
  task: 103,
  opcode: 0,
  keywords: '0x0080000000000000',
  record_id: '9',
  occurred_at: '2024-11-15T15:02:03Z',
  collected_at: '2024-11-15T15:02:04.8940000Z',
  user_sid: 'S-1-5-18',
  user: null,
  process_id: 4744,
  thread_id: 15020,
  activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
  message: 'said',
  data: { param1: '3399811100', param2: 'text', param3: 'true', param4: '', param5: '-1', param6: '1.5' },
  shipper: 'fluent_bit',
}

describe('winevtlog of Fluent Bit', () => {
  it('reads every field it has', () => {
    expect(onlyEvent(record())).toEqual(EVENT)
  })

  it.each<[string, Json, Json]>([
    ['without any', { StringInserts: undefined }, {}],
    ['named, once where the inserts repeat them', { EventData: { Error: 1, B: null } }, { Error: '1', B: '' }],
    ['named alone', { EventData: { A: 'x' }, StringInserts: undefined }, { A: 'x' }],
    ['whose map is empty, from the inserts', { EventData: {}, StringInserts: ['a', 7] }, { param1: 'a', param2: '7' }],
    ['without any, in an empty map', { EventData: {}, StringInserts: undefined }, {}],
    [
      'whose name is __proto__',
      JSON.parse('{"EventData":{"__proto__":"x"}}') as Json,
      JSON.parse('{"__proto__":"x"}') as Json,
    ],
    ['that are no list', { StringInserts: 'a' }, {}],
    [
      'in which a list was written by a filter',
      { StringInserts: [['a', 1], { b: 2 }] },
      { param1: '["a",1]', param2: '{"b":2}' },
    ],
  ])('reads data %s', (_name, rest, data) => {
    expect(onlyEvent(record(rest)).data).toEqual(data)
  })

  it('keeps every digit of a 64-bit number', () => {
    const text = record({ EventRecordID: 0, StringInserts: [0] })
      .replace('"EventRecordID":0', '"EventRecordID":18446744073709551615')
      .replace('[0]', '[18446744073709551614]')
    expect(onlyEvent(text)).toMatchObject({
      record_id: '18446744073709551615',
      data: { param1: '18446744073709551614' },
    })
  })

  it.each<[string, unknown, string]>([
    ['ISO 8601', '2024-11-15T15:02:04.894123Z', '2024-11-15T15:02:04.894123Z'],
    ['ISO 8601 with nanoseconds', '2024-11-15T15:02:04.894123456Z', '2024-11-15T15:02:04.8941234Z'],
    ['whole seconds', 1731682924, '2024-11-15T15:02:04.0000000Z'],
    ['milliseconds', 1731682924894, '2024-11-15T15:02:04.8940000Z'],
    ['a text without a zone', '2024-11-15 15:02:04.894', '2026-01-01T00:00:00Z'],
    ['a number that is no time', 1e300, '2026-01-01T00:00:00Z'],
    ['a negative one', -1, '2026-01-01T00:00:00Z'],
    ['an object', {}, '2026-01-01T00:00:00Z'],
  ])('takes for the time of collection %s', (_name, value, expected) => {
    expect(onlyEvent(record({ '@timestamp': value })).collected_at).toBe(expected)
    expect(onlyEvent(record({ '@timestamp': undefined, date: value })).collected_at).toBe(expected)
  })

  it('tells a user who has a name from one who has not', () => {
    expect(onlyEvent(record({ UserID: 'AzureAD\\alice' }))).toMatchObject({ user: 'AzureAD\\alice', user_sid: null })
    expect(onlyEvent(record({ UserID: '' }))).toMatchObject({ user: null, user_sid: null })
  })

  it.each<[string, Json]>([
    ['no_computer', { Computer: '' }],
    ['no_event_id', { EventID: '' }],
    ['no_time', { TimeCreated: '' }],
    ['invalid_event', { TimeCreated: '2024-11-15 16:02:03 W. Europe Standard Time' }],
    ['time_zone_unknown', { TimeCreated: '2024-11-15 16:02:03' }],
    ['invalid_event', { EventID: 65536 }],
    ['invalid_event', { Level: -1 }],
    ['invalid_event', { EventRecordID: 1.5 }],
  ])('rejects as %s', (reason, rest) => {
    expect(onlyReject(record(rest))).toMatchObject({ reason, shipper: 'fluent_bit' })
  })

  it('reads what other outputs put around a record', () => {
    const wrapped = [`{"log":${JSON.stringify(record())}}`, `{"_index":"i","_source":${record()}}`, `[${record()}]`]
    for (const text of wrapped) expect(onlyEvent(text)).toEqual(EVENT)
  })

  it('rejects what is nearly one, and reads the rest of the stream', () => {
    const lines = [record(), '{"ProviderName":"P"}', record().slice(0, 200), record()]
    const decoded = decode(lines.join('\n'))
    expect(decoded.map(({ kind }) => kind)).toEqual(['event', 'reject', 'reject', 'event'])
    expect(eventsOf(decoded)).toEqual([EVENT, EVENT])
  })
})

const XML =
  "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/><EventID>1098</EventID>" +
  "<TimeCreated SystemTime='2024-11-15T15:02:03.6949847Z'/><EventRecordID>9</EventRecordID><Channel>C</Channel>" +
  "<Computer>PC-1</Computer></System><EventData><Data Name='Error'>7</Data></EventData></Event>"

describe('winevtlog of Fluent Bit with render_event_as_xml', () => {
  const xmlRecord = (rest: Json): string =>
    JSON.stringify({ '@timestamp': 1731682924.894, System: XML, Message: 'said', StringInserts: [7], ...rest })

  it('reads the XML with all its digits and names, and the message beside it', () => {
    expect(onlyEvent(xmlRecord({}))).toMatchObject({
      computer: 'pc-1',
      record_id: '9',
      occurred_at: '2024-11-15T15:02:03.6949847Z',
      collected_at: '2024-11-15T15:02:04.8940000Z',
      message: 'said',
      data: { Error: '7' },
      shipper: 'fluent_bit',
    })
  })

  it.each([
    ['unknown_shape', ''],
    ['unknown_shape', '<Foo/>'],
    ['not_xml', '<Event><System>'],
    ['xml_dtd', '<!DOCTYPE Event [<!ENTITY a "b">]><Event/>'],
    ['no_computer', '<Event><System><EventID>1</EventID></System></Event>'],
  ])('rejects as %s: %j', (reason, System) => {
    expect(onlyReject(xmlRecord({ System }))).toMatchObject({ reason, shipper: 'fluent_bit' })
  })
})

describe('what only looks like an event of Fluent Bit as XML', () => {
  it.each(['billing', 'a < b', ' \n', '\ufffd<Event/>', `${' '.repeat(100_000)}x`])(
    'is no shape that is known: %.20j',
    (System) => {
      const reject = onlyReject(JSON.stringify({ System, Message: 'said' }))
      expect(reject).toMatchObject({ reason: 'unknown_shape' })
      expect(reject.shipper).not.toBe('fluent_bit')
    },
  )

  it('is one with a line break before the XML', () => {
    expect(onlyEvent(JSON.stringify({ System: `\n${XML}`, Message: 'said' }))).toMatchObject({ computer: 'pc-1' })
  })
})

describe('winevtlog of Fluent Bit with render_event_as_text', () => {
  const text = (rest: Json = {}): string => {
    const all: Json = { ...FIELDS, Message: 'said\nEventID=7\n=\n\n', ...rest }
    const { '@timestamp': _time, StringInserts: _inserts, ...fields } = all
    return Object.entries(fields)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join('\n')
  }
  const textRecord = (name: string, rest: Json = {}): string =>
    JSON.stringify({ date: 1731682924.894, [name]: text(rest), StringInserts: FIELDS['StringInserts'] })

  it.each(['log', 'event', 'message', 'anything'])('reads the same fields out of the property %s', (name) => {
    expect(onlyEvent(textRecord(name))).toEqual({ ...EVENT, message: 'said\nEventID=7\n=\n\n' })
  })

  it('reads values that hold an equals sign, and a name twice as its last', () => {
    expect(onlyEvent(textRecord('log', { Channel: 'a=b', UserID: 'D\\a\nChannel=c=d' }))).toMatchObject({
      channel: 'c=d',
      user: 'D\\a',
    })
  })

  it.each<[string, Json]>([
    ['no_computer', { Computer: '' }],
    ['no_event_id', { EventID: 'x' }],
    ['invalid_event', { EventID: '99999' }],
    ['invalid_event', { EventRecordID: '1e3' }],
    ['no_time', { TimeCreated: '' }],
  ])('rejects as %s', (reason, rest) => {
    expect(onlyReject(textRecord('log', rest))).toMatchObject({ reason, shipper: 'fluent_bit' })
  })

  it('is not fooled by a name that every object has', () => {
    const bare = 'ProviderName=P\nEventRecordID=1\ntoString=x\n__proto__=y'
    expect(onlyReject(JSON.stringify({ log: bare }))).toMatchObject({ reason: 'no_computer' })
  })
})

describe('winlog of Fluent Bit', () => {
  const CLASSIC: Json = {
    date: 1731682924.894,
    RecordNumber: 77,
    TimeGenerated: '2024-11-15 16:02:03 +0100',
    TimeWritten: '2024-11-15 16:02:04 +0100',
    EventID: 1000,
    Qualifiers: 16384,
    EventType: 'Error',
    EventCategory: 100,
    Channel: 'Application',
    SourceName: 'Application Error',
    ComputerName: 'PC-1',
    Data: '00ff',
    Sid: 'S-1-5-18',
    Message: '',
    StringInserts: ['a', ''],
  }

  it('reads every field it has', () => {
    expect(onlyEvent(JSON.stringify(CLASSIC))).toMatchObject({
      computer: 'pc-1',
      channel: 'Application',
      provider: 'Application Error',
      event_id: 1000,
      level: 2,
      task: 100,
      record_id: '77',
      occurred_at: '2024-11-15T15:02:03Z',
      user_sid: 'S-1-5-18',
      message: null,
      data: { param1: 'a', param2: '', Binary: '00FF' },
      shipper: 'fluent_bit',
    })
  })

  it.each(['SuccessAudit', 'FailureAudit', 'Success', 4, null])('knows no level of %j', (EventType) => {
    expect(onlyEvent(JSON.stringify({ ...CLASSIC, EventType })).level).toBeNull()
  })

  it('rejects one without a computer', () => {
    expect(onlyReject(JSON.stringify({ ...CLASSIC, ComputerName: '' })).reason).toBe('no_computer')
  })
})
