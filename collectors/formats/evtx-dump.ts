/**
 * JSON of evtx_dump (the Rust reader `evtx`), `-o json` and `-o jsonl`, attributes inline (`#attributes`) or apart
 * (`--separate-json-attributes`: `Provider_attributes`). What it does not keep: the seventh digit of the time, nameless
 * fields beside named ones, repeats of a named field.
 * Source: omerbenamram/evtx, src/json_output.rs and src/binxml/ir_json.rs, 0.8 to 0.15.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { buildEvent, timeFrom } from './build-event.ts'
import { evtxDumpData } from './evtx-dump-data.ts'
import { isObject, type JsonObject, objectOf, type Refusal, type Scope } from './field-values.ts'
import type { FormatContext } from './format.ts'
import type { JsonShape } from './json-shape.ts'

export const evtxDump: JsonShape = {
  name: 'evtx_dump',
  marks: ['Event'],
  recognises: (record) => isObject(record['Event']) && isObject(record['Event']['System']),
  decode: decodeEvtxDump,
}

function decodeEvtxDump(record: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal {
  const event = objectOf(record['Event'])
  const system = objectOf(event['System'])
  return buildEvent(
    {
      computer: textOf(system, 'Computer'),
      channel: textOf(system, 'Channel'),
      provider: attribute(system, 'Provider', 'Name'),
      event_id: textOf(system, 'EventID'),
      version: textOf(system, 'Version'),
      level: textOf(system, 'Level'),
      task: textOf(system, 'Task'),
      opcode: textOf(system, 'Opcode'),
      keywords: textOf(system, 'Keywords'),
      record_id: textOf(system, 'EventRecordID'),
      occurred_at: timeFrom(TIME_PATH, attribute(system, 'TimeCreated', 'SystemTime'), context),
      collected_at: context.receivedAt,
      user_sid: attribute(system, 'Security', 'UserID'),
      user: null,
      process_id: attribute(system, 'Execution', 'ProcessID'),
      thread_id: attribute(system, 'Execution', 'ThreadID'),
      activity_id: attribute(system, 'Correlation', 'ActivityID'),
      message: objectOf(event['RenderingInfo'])['Message'],
      data: evtxDumpData(event, scope),
      shipper: 'evtx_dump',
    },
    { computer: 'Event.System.Computer', event_id: 'Event.System.EventID' },
    scope,
  )
}

const TIME_PATH = 'Event.System.TimeCreated.SystemTime'

/** An element with attributes has its text aside: `{"#attributes": {"Qualifiers": 0}, "#text": 1098}`. */
function textOf(parent: JsonObject, name: string): unknown {
  const value = parent[name]
  return isObject(value) ? value['#text'] : value
}

function attribute(parent: JsonObject, element: string, name: string): unknown {
  return objectOf(objectOf(parent[element])['#attributes'] ?? parent[`${element}_attributes`])[name]
}
