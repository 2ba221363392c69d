/**
 * Fluent Bit's Windows inputs, as its outputs write JSON (Kafka's `format json`, http, stdout, file, Elasticsearch):
 *
 * - `winevtlog`: one property a field; values without names in `StringInserts`, or with them in `EventData` where the
 *   machine's manifests gave the names (`event_data_as_map`, 5.1);
 * - `winevtlog` with `render_event_as_xml`: the event's whole XML in `System`, the rendered text in `Message`. Nothing is lost;
 * - `winevtlog` with `render_event_as_text` (4.2.3): the same properties as lines `Name=value` in one text;
 * - `winlog`, for the classic logs only.
 *
 * What the properties do not keep: digits of the time below a second, names of data fields but in `EventData`, the spelling of
 * times and GUIDs in data, values that are lists (which shifts the positions behind them), the SID of a user who has a name.
 * Before 4.0.14 and 4.2.2 the offset in `TimeCreated` is wrong by the hour of daylight saving time while that is in force, and since then
 * for events that are read after the clocks have changed; nothing in the record tells. Only the XML is free of it.
 * Source: fluent/fluent-bit, plugins/in_winevtlog, plugins/in_winlog and plugins/out_kafka, 1.9 to 5.1.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { buildEvent, timeFrom } from './build-event.ts'
import { addDataField } from './data-fields.ts'
import { decodeEventXmlText } from './event-xml-text.ts'
import { isTime, utcFromUnixNanos, utcTime } from './event-time.ts'
import {
  dataText,
  isObject,
  isRefusal,
  type JsonObject,
  type Refusal,
  refuse,
  type Scope,
  textOrNull,
} from './field-values.ts'
import { isFluentBitText, readFluentBitText } from './fluent-bit-text.ts'
import type { FormatContext } from './format.ts'
import type { JsonShape } from './json-shape.ts'

export const fluentBit: JsonShape = {
  name: 'fluent_bit',
  marks: ['ProviderName', 'StringInserts'],
  recognises: (record) => isFields(record) || isXml(record) || isClassic(record) || textOf(record) !== undefined,
  decode: (record, context, scope) => {
    if (isFields(record)) return decodeFields(record, record, context, scope)
    if (isXml(record)) return decodeXml(record, context)
    if (isClassic(record)) return decodeClassic(record, context, scope)
    return decodeFields(readFluentBitText(textOf(record) ?? ''), record, context, scope)
  },
}

const isFields = (record: JsonObject): boolean => 'ProviderName' in record && 'EventRecordID' in record
/** Empty: Fluent Bit could not write the event. Other programs have texts of these names too. */
const isXml = ({ System, Message }: JsonObject): boolean =>
  typeof System === 'string' && typeof Message === 'string' && /^\s*<|^$/.test(System)
const isClassic = (record: JsonObject): boolean =>
  'SourceName' in record && 'TimeGenerated' in record && 'ComputerName' in record

/** The property's name is a setting, `log` unless it is set. */
function textOf(record: JsonObject): string | undefined {
  for (const name in record) {
    const value = record[name]
    if (typeof value === 'string' && isFluentBitText(value)) return value
  }
  return undefined
}

/** `fields`: of the event; `record`: what stands around them. */
function decodeFields(
  fields: JsonObject,
  record: JsonObject,
  context: FormatContext,
  scope: Scope,
): WindowsEvent | Refusal {
  return buildEvent(
    {
      computer: fields['Computer'],
      channel: fields['Channel'],
      provider: fields['ProviderName'],
      event_id: fields['EventID'],
      version: fields['Version'],
      level: fields['Level'],
      task: fields['Task'],
      opcode: fields['Opcode'],
      keywords: fields['Keywords'],
      record_id: fields['EventRecordID'],
      occurred_at: timeFrom('TimeCreated', fields['TimeCreated'], context),
      collected_at: collectedAt(record, context),
      ...who(fields['UserID']),
      process_id: fields['ProcessID'],
      thread_id: fields['ThreadID'],
      activity_id: fields['ActivityID'],
      message: fields['Message'],
      data: dataOf(record, scope),
      shipper: 'fluent_bit',
    },
    { computer: 'Computer', event_id: 'EventID' },
    scope,
  )
}

/** Text that is not valid UTF-16 comes as an empty one. */
function decodeXml(record: JsonObject, context: FormatContext): WindowsEvent | Refusal {
  const xml = textOrNull(record['System'])
  if (xml === null) return refuse('unknown_shape', 'System is empty: Fluent Bit could not write the event as text')
  const event = decodeEventXmlText(xml, context)
  if (isRefusal(event)) return event
  const message = event.message ?? textOrNull(record['Message'])
  return { ...event, message, collected_at: collectedAt(record, context), shipper: 'fluent_bit' }
}

function decodeClassic(record: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal {
  const binary = textOrNull(record['Data'])
  const data = dataOf(record, scope)
  if (binary !== null) addDataField(data, 'Binary', 0, binary.toUpperCase())
  return buildEvent(
    {
      computer: record['ComputerName'],
      channel: record['Channel'],
      provider: record['SourceName'],
      event_id: record['EventID'],
      version: null,
      // The kinds of audits and of success are no levels.
      level: CLASSIC_LEVELS.has(record['EventType']) ? record['EventType'] : null,
      task: record['EventCategory'],
      opcode: null,
      keywords: null,
      record_id: record['RecordNumber'],
      occurred_at: timeFrom('TimeGenerated', record['TimeGenerated'], context),
      collected_at: collectedAt(record, context),
      user_sid: record['Sid'],
      user: null,
      process_id: null,
      thread_id: null,
      activity_id: null,
      message: record['Message'],
      data,
      shipper: 'fluent_bit',
    },
    { computer: 'ComputerName', event_id: 'EventID' },
    scope,
  )
}

const CLASSIC_LEVELS: ReadonlySet<unknown> = new Set(['Error', 'Warning', 'Information'])

/** DOMAIN\\name where the machine knew one, else the SID. */
function who(value: unknown): { readonly user_sid: unknown; readonly user: string | null } {
  const text = textOrNull(value)
  return text !== null && /^S-1-\d/i.test(text) ? { user_sid: text, user: null } : { user_sid: null, user: text }
}

/** With names where there are any; else all of them are nameless. The inserts repeat the values of a map, unless it is empty. */
function dataOf(record: JsonObject, scope: Scope): Record<string, string> {
  const data: Record<string, string> = {}
  const named = record['EventData']
  const inserts: unknown = record['StringInserts']
  const names = isObject(named) ? Object.entries(named) : []
  if (names.length > 0) {
    for (const [name, value] of names) addDataField(data, name, 0, dataText(value, scope))
  } else if (Array.isArray(inserts)) {
    inserts.forEach((value, index) => {
      addDataField(data, undefined, index + 1, dataText(value, scope))
    })
  }
  return data
}

/** When Fluent Bit read the event: seconds since 1970, or a text, under a name that is a setting of each output. */
function collectedAt(record: JsonObject, context: FormatContext): string {
  const value = record['@timestamp'] ?? record['date'] ?? record['timestamp']
  let time = 'invalid'
  if (typeof value === 'string') time = utcTime(value)
  // A double has about a microsecond of it, Fluent Bit's other spelling whole milliseconds.
  else if (typeof value === 'number' && value > 0) {
    const millis = Math.round(value < 1e11 ? value * 1000 : value)
    time = Number.isSafeInteger(millis) ? utcFromUnixNanos(`${millis}000000`) : 'invalid'
  }
  return isTime(time) ? time : context.receivedAt
}
