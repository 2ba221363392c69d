/**
 * Winlogbeat 7, 8 and 9, and the winlog input of Filebeat and Elastic Agent: the event under `winlog`, the time in
 * `@timestamp` (milliseconds), the rendered message and level outside. What the shape does not keep: the numbers of
 * task, opcode, level and keywords where the provider names them, zero values, empty data fields, repeats of a data
 * field, carriage returns, and digits of the time below a millisecond. With `include_xml` all of it is in
 * `event.original`, which is then read instead.
 * Source: Elastic Beats, winlogbeat/sys/winevent and winlogbeat/eventlog, 7.17 to 9.x.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { buildEvent, collectedFrom, timeFrom } from './build-event.ts'
import { addDataField } from './data-fields.ts'
import { decodeEventXmlText } from './event-xml-text.ts'
import {
  accountOrNull,
  dataText,
  isObject,
  isRefusal,
  type JsonObject,
  objectOf,
  type Refusal,
  type Scope,
  textOrNull,
} from './field-values.ts'
import type { FormatContext } from './format.ts'
import type { JsonShape } from './json-shape.ts'

export const winlogbeat: JsonShape = {
  name: 'winlogbeat',
  marks: ['winlog'],
  recognises: (record) => isObject(record['winlog']),
  decode: decodeWinlogbeat,
}

function decodeWinlogbeat(record: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal {
  const winlog = objectOf(record['winlog'])
  const meta = objectOf(record['event'])
  const original = meta['original']
  if (typeof original === 'string' && original.startsWith('<')) {
    const event = fromOriginal(original, record, context)
    if (event !== undefined) return event
  }
  // Where an input keeps System/TimeCreated itself it has all its digits.
  const time = textOrNull(winlog['time_created']) ?? record['@timestamp']
  const process = objectOf(winlog['process'])
  const user = objectOf(winlog['user'])
  return buildEvent(
    {
      computer: winlog['computer_name'],
      channel: winlog['channel'],
      provider: winlog['provider_name'],
      event_id: winlog['event_id'] ?? meta['code'],
      version: winlog['version'],
      level: winlog['level'] ?? objectOf(record['log'])['level'],
      task: winlog['task'],
      opcode: winlog['opcode'],
      keywords: winlog['keywords'],
      record_id: winlog['record_id'],
      occurred_at: timeFrom('@timestamp', time, context),
      collected_at: collectedFrom(meta['created'], context),
      user_sid: user['identifier'],
      user: accountOrNull(user['domain'], user['name']),
      process_id: process['pid'],
      thread_id: objectOf(process['thread'])['id'],
      activity_id: winlog['activity_id'],
      message: record['message'],
      data: dataOf(winlog, scope),
      shipper: shipperOf(record),
    },
    { computer: 'winlog.computer_name', event_id: 'winlog.event_id' },
    scope,
  )
}

function shipperOf(record: JsonObject): string {
  if (isObject(record['elastic_agent'])) return 'elastic_agent'
  return objectOf(record['agent'])['type'] === 'filebeat' ? 'elastic_agent' : 'winlogbeat'
}

/** The event's own XML, completed with what only the shipper knew. */
function fromOriginal(xml: string, record: JsonObject, context: FormatContext): WindowsEvent | undefined {
  const event = decodeEventXmlText(xml, context)
  if (isRefusal(event)) return undefined
  const user = objectOf(objectOf(record['winlog'])['user'])
  return {
    ...event,
    collected_at: collectedFrom(objectOf(record['event'])['created'], context),
    user: accountOrNull(user['domain'], user['name']),
    message: event.message ?? textOrNull(record['message']),
    shipper: shipperOf(record),
  }
}

function dataOf(winlog: JsonObject, scope: Scope): Record<string, string> {
  const fields = winlog['event_data']
  if (isObject(fields)) return isAllText(fields) ? fields : flatten(fields, scope)
  const userData = winlog['user_data']
  if (!isObject(userData)) return {}
  const data = flatten(userData, scope)
  // The name of the element around the fields, which is no field.
  delete data['xml_name']
  return data
}

function isAllText(fields: JsonObject): fields is Record<string, string> {
  for (const name in fields) if (typeof fields[name] !== 'string') return false
  return true
}

/** A field named `a.b` comes as an object `a` with a field `b`: Beats reads dots as paths. */
function flatten(fields: JsonObject, scope: Scope): Record<string, string> {
  const data: Record<string, string> = {}
  const walk = (parent: JsonObject, prefix: string): void => {
    for (const [name, value] of Object.entries(parent)) {
      if (isObject(value)) walk(value, `${prefix}${name}.`)
      else addDataField(data, `${prefix}${name}`, 0, dataText(value, scope))
    }
  }
  walk(fields, '')
  return data
}
