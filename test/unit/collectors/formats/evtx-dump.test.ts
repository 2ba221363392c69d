import { describe, expect, it } from 'vitest'
import { decode, eventsOf, onlyEvent, onlyReject } from './decode.ts'

type Json = Record<string, unknown>
const SYSTEM: Json = {
  Provider: { '#attributes': { Name: 'P', Guid: '4DE9BC9C-B27A-43C9-8994-0915F1A5E24F' } },
  EventID: { '#attributes': { Qualifiers: 16384 }, '#text': 1098 },
  Version: 0,
  Level: 2,
  Task: 103,
  Opcode: 0,
  Keywords: '0x80000000000000',
  TimeCreated: { '#attributes': { SystemTime: '2024-11-15T15:02:03.694984Z' } },
  EventRecordID: 9,
  Correlation: { '#attributes': { ActivityID: 'A732CD2E-376A-0002-3B37-3DA76A37DB01' } },
  Execution: { '#attributes': { ProcessID: 4744, ThreadID: 15020 } },
  Channel: 'C',
  Computer: 'PC-1',
  Security: { '#attributes': { UserID: 'S-1-5-18' } },
}
const event = (rest: Json, system: Json = {}): string =>
  JSON.stringify({ Event: { '#attributes': { xmlns: 'x' }, System: { ...SYSTEM, ...system }, ...rest } })

describe('evtx_dump', () => {
  it('reads every field it has', () => {
    expect(onlyEvent(event({ EventData: { Error: 3399811100, Flag: true, Empty: '', None: null } }))).toEqual({
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
      occurred_at: '2024-11-15T15:02:03.694984Z',
      collected_at: '2026-01-01T00:00:00Z',
      user_sid: 'S-1-5-18',
      user: null,
      process_id: 4744,
      thread_id: 15020,
      activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
      message: null,
      data: { Error: '3399811100', Flag: 'true', Empty: '', None: '' },
      shipper: 'evtx_dump',
    })
  })

  it.each<[string, Json, Json]>([
    ['nothing', { EventData: null }, {}],
    ['one nameless field', { EventData: { Data: { '#text': 'a' } } }, { param1: 'a' }],
    [
      'nameless fields',
      { EventData: { Data: { '#text': ['a', 2, ''] }, Binary: '00FF' } },
      { param1: 'a', param2: '2', param3: '', Binary: '00FF' },
    ],
    ['no binary', { EventData: { Data: { '#text': 'a' }, Binary: null } }, { param1: 'a', Binary: '' }],
    ['attributes of EventData', { EventData: { '#attributes': { Name: 'N' }, A: '1' } }, { A: '1' }],
    ['a field that is called x_attributes', { EventData: { x_attributes: '1' } }, { x_attributes: '1' }],
    [
      'user data with repeated and deeper elements',
      {
        UserData: {
          X: { '#attributes': { xmlns: 'u' }, A: 1, A_1: 2, A_2: 3, B_1: 'no repeat', S: { T: 'deep' }, E: null },
        },
      },
      { A: '1', 'A#2': '2', 'A#3': '3', B_1: 'no repeat', 'S.T': 'deep', E: '' },
    ],
    ['user data that is one element', { UserData: { Alone: 'v' } }, { Alone: 'v' }],
  ])('reads data: %s', (_name, rest, data) => {
    expect(onlyEvent(event(rest)).data).toEqual(data)
  })

  it('reads attributes that stand apart (--separate-json-attributes)', () => {
    const apart = {
      Provider: null,
      Provider_attributes: { Name: 'P' },
      EventID: 1098,
      EventID_attributes: { Qualifiers: 0 },
      TimeCreated: null,
      TimeCreated_attributes: { SystemTime: '2024-11-15T15:02:03.694984Z' },
      Security: null,
      Security_attributes: { UserID: 'S-1-5-18' },
    }
    const read = onlyEvent(event({ UserData: { X: { A: 1 }, X_attributes: { xmlns: 'u' } } }, apart))
    expect(read).toMatchObject({ provider: 'P', event_id: 1098, user_sid: 'S-1-5-18', data: { A: '1' } })
  })

  it('reads -o json, with a heading before each record', () => {
    const pretty = JSON.stringify(JSON.parse(event({ EventData: { A: 1 } })), null, 2)
    expect(eventsOf(decode(`Record 1\n${pretty}\nRecord 2\n${pretty}\n`))).toHaveLength(2)
  })

  it.each<[string, Json]>([
    ['no_computer', { Computer: null }],
    ['no_event_id', { EventID: null }],
    ['no_time', { TimeCreated: null }],
    ['invalid_event', { Version: 256 }],
  ])('rejects as %s', (reason, system) => {
    expect(onlyReject(event({}, system))).toMatchObject({ reason, shipper: 'evtx_dump' })
  })
})
