import { describe, expect, it } from 'vitest'
import { onlyEvent, onlyReject } from './decode.ts'

type Json = Record<string, unknown>
const FIELDS: Json = {
  timestamp: '2024-11-15T15:02:03.694984700Z',
  message: 'said',
  host: 'HOST-OF-THE-AGENT',
  source_type: 'windows_event_log',
  event_id: 1098,
  record_id: 9,
  level: 'Information',
  level_value: 0,
  channel: 'C',
  provider_name: 'P',
  provider_guid: '{4de9bc9c-b27a-43c9-8994-0915f1a5e24f}',
  computer: 'PC-1',
  user_id: 'S-1-5-18',
  user_name: 'NT AUTHORITY\\SYSTEM',
  process_id: 4744,
  thread_id: 15020,
  version: 0,
  qualifiers: 0,
  task: 103,
  task_name: 'Task',
  opcode: 1,
  keywords: '0x00800000000000FF',
  activity_id: '{A732CD2E-376A-0002-3B37-3DA76A37DB01}',
  event_data: { Error: '7', Flag: true },
}
const record = (rest: Json = {}): string => JSON.stringify({ ...FIELDS, ...rest })

describe('windows_event_log of Vector', () => {
  it('reads every field it has', () => {
    expect(onlyEvent(record())).toEqual({
      computer: 'pc-1',
      channel: 'C',
      provider: 'P',
      event_id: 1098,
      version: 0,
      level: 0,
      task: 103,
      opcode: 1,
      keywords: '0x00800000000000ff',
      record_id: '9',
      occurred_at: '2024-11-15T15:02:03.6949847Z',
      collected_at: '2026-01-01T00:00:00Z',
      user_sid: 'S-1-5-18',
      user: 'NT AUTHORITY\\SYSTEM',
      process_id: 4744,
      thread_id: 15020,
      activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
      message: 'said',
      data: { Error: '7', Flag: 'true' },
      shipper: 'vector',
    })
  })

  it.each<[string, Json, Json]>([
    ['nameless', { event_data: undefined, string_inserts: ['a', ''] }, { param1: 'a', param2: '' }],
    ['named beside nameless, whose places nobody knows', { string_inserts: ['a'] }, { Error: '7', Flag: 'true' }],
    ['of the provider', { event_data: undefined, user_data: { A: 'x' } }, { A: 'x' }],
    ['none', { event_data: undefined }, {}],
    ['of a wrong kind', { event_data: 'x', string_inserts: 'y', user_data: [1] }, {}],
  ])('reads data: %s', (_name, rest, data) => {
    expect(onlyEvent(record(rest)).data).toEqual(data)
  })

  it('does not take for a message what Vector made up', () => {
    expect(onlyEvent(record({ message: 'Event ID 1098 from P on PC-1' })).message).toBeNull()
    expect(onlyEvent(record({ message: 'Event ID 1098 from P on PC-2' })).message).toBe('Event ID 1098 from P on PC-2')
  })

  it('knows its records where a transform took the source type away', () => {
    expect(onlyEvent(record({ source_type: undefined })).shipper).toBe('vector')
  })

  const XML =
    "<Event><System><Provider Name='P'/><EventID>1098</EventID><TimeCreated SystemTime='2024-11-15T15:02:03.6949847Z'/>" +
    '<EventRecordID>9</EventRecordID><Channel>C</Channel><Computer>PC-1</Computer></System><UserData><X><A>1</A></X></UserData></Event>'

  it('reads the XML where it is there, and the rest from beside it', () => {
    const event = onlyEvent(record({ xml: XML }))
    expect(event).toMatchObject({ data: { A: '1' }, message: 'said', user: 'NT AUTHORITY\\SYSTEM', shipper: 'vector' })
  })

  it.each([`${XML.slice(0, 150)}...[truncated]`, '', 7, '<Foo/>', '<!DOCTYPE a><Event/>'])(
    'reads its own fields where the XML is cut or none: %j',
    (xml) => {
      expect(onlyEvent(record({ xml })).data).toEqual({ Error: '7', Flag: 'true' })
    },
  )

  it.each<[string, Json]>([
    ['no_computer', { computer: undefined }],
    ['no_computer', { computer: '' }],
    ['no_event_id', { event_id: null }],
    ['no_time', { timestamp: undefined }],
    ['invalid_event', { timestamp: 'yesterday' }],
    ['invalid_event', { event_id: 65536 }],
    ['invalid_event', { record_id: -1 }],
  ])('rejects as %s', (reason, rest) => {
    expect(onlyReject(record(rest))).toMatchObject({ reason, shipper: 'vector' })
  })
})
