/**
 * Vector's `windows_event_log` source (0.55). What the shape does not keep: task, opcode and keywords of 0, fields without a name
 * beside named ones, repeats of a field (the last one stays) and their order, empty space around values, other elements than `<Data>`
 * and so all of UserData. With `include_xml` all of it is in `xml`, which is then read instead.
 * Source: vectordotdev/vector, src/sources/windows_event_log, 0.55 to 0.57.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { buildEvent, timeFrom } from './build-event.ts'
import { addDataField } from './data-fields.ts'
import { decodeEventXmlText } from './event-xml-text.ts'
import { dataText, isObject, isRefusal, type JsonObject, type Refusal, type Scope, textOrNull } from './field-values.ts'
import type { FormatContext } from './format.ts'
import type { JsonShape } from './json-shape.ts'

export const vector: JsonShape = {
  name: 'vector',
  marks: ['level_value'],
  recognises: (record) =>
    record['source_type'] === 'windows_event_log' ||
    ('provider_name' in record && 'level_value' in record && 'record_id' in record),
  decode: decodeVector,
}

function decodeVector(record: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal {
  const whole = decodeXml(record, context)
  if (whole !== undefined) return whole
  return buildEvent(
    {
      computer: record['computer'],
      channel: record['channel'],
      provider: record['provider_name'],
      event_id: record['event_id'],
      version: record['version'],
      // The name stands for 0 and for 4.
      level: record['level_value'] ?? record['level'],
      task: record['task'],
      opcode: record['opcode'],
      keywords: record['keywords'],
      record_id: record['record_id'],
      occurred_at: timeFrom('timestamp', record['timestamp'] ?? record['@timestamp'], context),
      collected_at: context.receivedAt,
      user_sid: record['user_id'],
      user: textOrNull(record['user_name']),
      process_id: record['process_id'],
      thread_id: record['thread_id'],
      activity_id: record['activity_id'],
      message: messageOf(record),
      data: dataOf(record, scope),
      shipper: 'vector',
    },
    { computer: 'computer', event_id: 'event_id' },
    scope,
  )
}

/** The event's own XML, completed with what only the shipper knew; undefined where there is none, or only its start. */
function decodeXml(record: JsonObject, context: FormatContext): WindowsEvent | undefined {
  const xml = record['xml']
  if (typeof xml !== 'string' || xml === '') return undefined
  const event = decodeEventXmlText(xml, context)
  if (isRefusal(event)) return undefined
  const message = event.message ?? messageOf(record)
  return { ...event, message, user: textOrNull(record['user_name']), shipper: 'vector' }
}

/** Where Windows gives no text, Vector makes one up. */
function messageOf(record: JsonObject): string | null {
  const message = textOrNull(record['message'])
  const { event_id: eventId, provider_name: provider, computer } = record
  return message === `Event ID ${String(eventId)} from ${String(provider)} on ${String(computer)}` ? null : message
}

/** Nameless values have their places only where no value has a name. */
function dataOf(record: JsonObject, scope: Scope): Record<string, string> {
  const data: Record<string, string> = {}
  for (const fields of [record['event_data'], record['user_data']]) {
    if (!isObject(fields)) continue
    for (const [name, value] of Object.entries(fields)) addDataField(data, name, 0, dataText(value, scope))
  }
  const inserts: unknown = record['string_inserts']
  if (Array.isArray(inserts) && Object.keys(data).length === 0) {
    inserts.forEach((value, index) => {
      addDataField(data, undefined, index + 1, dataText(value, scope))
    })
  }
  return data
}
