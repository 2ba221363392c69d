/** Templates as Windows writes them: the event with its System part, EventData and UserData to put into it. */
import { VALUE } from '../../../collectors/formats/evtx/layout.ts'
import { element, type Fragment, instance, optional, substitution, type Template, type Value } from './nodes.ts'
import * as value from './values.ts'

const XMLNS = 'http://schemas.microsoft.com/win/2004/08/events/event'

export type SystemValues = {
  readonly provider: Value
  readonly event_id: Value
  readonly keywords: Value
  readonly occurred_at: Value
  readonly record_id: Value
  readonly activity_id: Value
  readonly user_sid: Value
  readonly channel: Value
}

/** Level, task, … are fixed; what tests vary is in `system`. `content`: EventData or UserData, or null for none. */
export function windowsEvent(recordId: bigint, content: Fragment | null, system: Partial<SystemValues> = {}): Fragment {
  const values = systemValues(recordId, system)
  if (content === null) return instance(BARE_EVENT_TEMPLATE, values)
  return instance(EVENT_TEMPLATE, [...values, value.binXml(content)])
}

/** The values that `SYSTEM` asks for, by index. */
export function systemValues(recordId: bigint, system: Partial<SystemValues> = {}): readonly Value[] {
  return [
    value.uint8(4),
    value.uint8(0),
    value.uint16(101),
    system.event_id ?? value.uint16(1098),
    system.keywords ?? value.hexInt64(0x4000000000000012n),
    system.occurred_at ?? value.filetime(133761565236949840n),
    system.activity_id ?? value.guid('a732cd2e-376a-0002-3b37-3da76a37db01'),
    value.uint32(4744),
    value.uint32(15020),
    system.record_id ?? value.uint64(recordId),
    value.uint8(0),
    system.user_sid ?? value.sid(5n, 21, 1000000001, 2000000001, 3000000001, 1001),
    system.provider ?? value.string('Microsoft-Windows-AAD'),
    system.channel ?? value.string('Microsoft-Windows-AAD/Operational'),
  ]
}

export const SYSTEM = element('System', {}, [
  element('Provider', {
    Name: optional(12, VALUE.string),
    Guid: '{4de9bc9c-b27a-43c9-8994-0915f1a5e24f}',
  }),
  element('EventID', {}, [substitution(3, VALUE.uint16)]),
  element('Version', {}, [optional(10, VALUE.uint8)]),
  element('Level', {}, [substitution(0, VALUE.uint8)]),
  element('Task', {}, [substitution(2, VALUE.uint16)]),
  element('Opcode', {}, [substitution(1, VALUE.uint8)]),
  element('Keywords', {}, [substitution(4, VALUE.hexInt64)]),
  element('TimeCreated', { SystemTime: optional(5, VALUE.filetime) }),
  element('EventRecordID', {}, [optional(9, VALUE.uint64)]),
  element('Correlation', { ActivityID: optional(6, VALUE.guid) }),
  element('Execution', { ProcessID: optional(7, VALUE.uint32), ThreadID: optional(8, VALUE.uint32) }),
  element('Channel', {}, [optional(13, VALUE.string)]),
  element('Computer', {}, ['DEVICE-01.contoso.example']),
  element('Security', { UserID: optional(11, VALUE.sid) }),
])

const EVENT_TEMPLATE: Template = {
  guid: '56cff026-0001-4a11-8000-000000000001',
  root: element('Event', { xmlns: XMLNS }, [SYSTEM, optional(14, VALUE.binXml)]),
}
const BARE_EVENT_TEMPLATE: Template = {
  guid: '56cff027-0001-4a11-8000-000000000001',
  root: element('Event', { xmlns: XMLNS }, [SYSTEM]),
}

/** EventData with these fields; `guid` names the template, so equal fields should share it. */
export function eventData(guid: string, fields: Readonly<Record<string, Value>>): Fragment {
  const names = Object.keys(fields)
  const values = Object.values(fields)
  const root = element(
    'EventData',
    {},
    names.map((name, index) => element('Data', { Name: name }, [substitution(index, values[index]?.type ?? 0)])),
  )
  return instance({ guid, root }, values)
}

/** EventData as classic providers write it: one array of strings, and a Binary. */
export function classicEventData(strings: readonly string[], binary: Value): Fragment {
  const root = element('EventData', {}, [
    element('Data', {}, [substitution(0, VALUE.string | 0x80)]),
    element('Binary', {}, [optional(1, VALUE.binary)]),
  ])
  const texts = value.array(VALUE.string, strings.map(value.string))
  return instance({ guid: '4329d877-0002-4a11-8000-000000000002', root }, [texts, binary])
}
