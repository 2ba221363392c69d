/**
 * JSON of evtx_dump (the Rust reader `evtx`), `-o json` and `-o jsonl`, attributes inline (`#attributes`) or apart
 * (`--separate-json-attributes`: `Provider_attributes`). What it does not keep: the seventh digit of the time, nameless
 * fields beside named ones, repeats of a named field.
 * Source: omerbenamram/evtx, src/json_output.rs and src/binxml/ir_json.rs, 0.8 to 0.15.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { evtxDumpData } from './evtx-dump-data.ts'
import { isTime, utcTime } from './event-time.ts'
import {
  guidOrNull,
  isObject,
  type JsonObject,
  keywordsOrNull,
  levelOrNull,
  recordIdOrNull,
  type Refusal,
  refuse,
  type Scope,
  textOrNull,
  uintOrNull,
} from './field-values.ts'
import type { FormatContext } from './format.ts'
import type { JsonShape } from './json-shape.ts'
import { refuseTime } from './refuse-time.ts'

export const evtxDump: JsonShape = {
  name: 'evtx_dump',
  marks: ['Event'],
  recognises: (record) => isObject(record['Event']) && isObject(record['Event']['System']),
  decode: decodeEvtxDump,
}

const NONE: JsonObject = {}
const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : NONE)

function decodeEvtxDump(record: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal {
  const event = objectOf(record['Event'])
  const system = objectOf(event['System'])
  const computer = textOrNull(textOf(system, 'Computer'))
  if (computer === null) return refuse('no_computer', 'Event.System.Computer is missing')
  const eventId = uintOrNull(textOf(system, 'EventID'), 65535, 'Event.System.EventID')
  if (eventId === null) return refuse('no_event_id', 'Event.System.EventID is missing')
  const time = attribute(system, 'TimeCreated', 'SystemTime')
  const occurredAt = typeof time === 'string' && time !== '' ? utcTime(time, context.timeZone) : undefined
  if (occurredAt === undefined || !isTime(occurredAt))
    return refuseTime('Event.System.TimeCreated.SystemTime', time, occurredAt)
  return {
    computer: computer.toLowerCase(),
    channel: textOrNull(textOf(system, 'Channel')),
    provider: textOrNull(attribute(system, 'Provider', 'Name')),
    event_id: eventId,
    version: uintOrNull(textOf(system, 'Version'), 255, 'Event.System.Version'),
    level: levelOrNull(textOf(system, 'Level')),
    task: uintOrNull(textOf(system, 'Task'), 65535, 'Event.System.Task'),
    opcode: uintOrNull(textOf(system, 'Opcode'), 255, 'Event.System.Opcode'),
    keywords: keywordsOrNull(textOf(system, 'Keywords'), scope),
    record_id: recordIdOrNull(textOf(system, 'EventRecordID'), scope),
    occurred_at: occurredAt,
    collected_at: context.receivedAt,
    user_sid: textOrNull(attribute(system, 'Security', 'UserID')),
    user: null,
    process_id: uintOrNull(attribute(system, 'Execution', 'ProcessID'), 0xffff_ffff, 'Execution.ProcessID'),
    thread_id: uintOrNull(attribute(system, 'Execution', 'ThreadID'), 0xffff_ffff, 'Execution.ThreadID'),
    activity_id: guidOrNull(attribute(system, 'Correlation', 'ActivityID')),
    message: textOrNull(objectOf(event['RenderingInfo'])['Message']),
    data: evtxDumpData(event, scope),
    shipper: 'evtx_dump',
  }
}

/** An element with attributes has its text aside: `{"#attributes": {"Qualifiers": 0}, "#text": 1098}`. */
function textOf(parent: JsonObject, name: string): unknown {
  const value = parent[name]
  return isObject(value) ? value['#text'] : value
}

function attribute(parent: JsonObject, element: string, name: string): unknown {
  return objectOf(objectOf(parent[element])['#attributes'] ?? parent[`${element}_attributes`])[name]
}
