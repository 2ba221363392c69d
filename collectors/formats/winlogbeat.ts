/**
 * Winlogbeat 7, 8 and 9, and the winlog input of Filebeat and Elastic Agent: the event under `winlog`, the time in
 * `@timestamp` (milliseconds), the rendered message and level outside. What the shape does not keep: the numbers of
 * task, opcode, level and keywords where the provider names them, zero values, empty data fields, repeats of a data
 * field, carriage returns, and digits of the time below a millisecond. With `include_xml` all of it is in
 * `event.original`, which is then read instead.
 * Source: Elastic Beats, winlogbeat/sys/winevent and winlogbeat/eventlog, 7.17 to 9.x.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { addDataField } from './data-fields.ts'
import { decodeEventXmlText } from './event-xml-text.ts'
import { isTime, utcTime } from './event-time.ts'
import {
  accountOrNull,
  dataText,
  guidOrNull,
  isObject,
  isRefusal,
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

export const winlogbeat: JsonShape = {
  name: 'winlogbeat',
  marks: ['winlog'],
  recognises: (record) => isObject(record['winlog']),
  decode: decodeWinlogbeat,
}

const NONE: JsonObject = {}
const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : NONE)

function decodeWinlogbeat(record: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal {
  const winlog = objectOf(record['winlog'])
  const meta = objectOf(record['event'])
  const original = meta['original']
  if (typeof original === 'string' && original.startsWith('<')) {
    const event = fromOriginal(original, record, context)
    if (event !== undefined) return event
  }
  const computer = winlog['computer_name']
  if (typeof computer !== 'string' || computer === '') return refuse('no_computer', 'winlog.computer_name is missing')
  const eventId = uintOrNull(winlog['event_id'] ?? meta['code'], 65535, 'winlog.event_id')
  if (eventId === null) return refuse('no_event_id', 'winlog.event_id is missing')
  // Where an input keeps System/TimeCreated itself it has all its digits.
  const time = textOrNull(winlog['time_created']) ?? record['@timestamp']
  const occurredAt = typeof time === 'string' ? utcTime(time, context.timeZone) : undefined
  if (occurredAt === undefined || !isTime(occurredAt)) return refuseTime('@timestamp', time, occurredAt)
  const process = objectOf(winlog['process'])
  const user = objectOf(winlog['user'])
  return {
    computer: computer.toLowerCase(),
    channel: textOrNull(winlog['channel']),
    provider: textOrNull(winlog['provider_name']),
    event_id: eventId,
    version: uintOrNull(winlog['version'], 255, 'winlog.version'),
    level: levelOrNull(winlog['level'] ?? objectOf(record['log'])['level']),
    task: uintOrNull(winlog['task'], 65535, 'winlog.task'),
    opcode: uintOrNull(winlog['opcode'], 255, 'winlog.opcode'),
    keywords: keywordsOrNull(winlog['keywords'], scope),
    record_id: recordIdOrNull(winlog['record_id'], scope),
    occurred_at: occurredAt,
    collected_at: collectedAt(record, context),
    user_sid: textOrNull(user['identifier']),
    user: accountOrNull(user['domain'], user['name']),
    process_id: uintOrNull(process['pid'], 0xffff_ffff, 'winlog.process.pid'),
    thread_id: uintOrNull(objectOf(process['thread'])['id'], 0xffff_ffff, 'winlog.process.thread.id'),
    activity_id: guidOrNull(winlog['activity_id']),
    message: textOrNull(record['message']),
    data: dataOf(winlog, scope),
    shipper: shipperOf(record),
  }
}

function collectedAt(record: JsonObject, context: FormatContext): string {
  const created = objectOf(record['event'])['created']
  const time = typeof created === 'string' ? utcTime(created) : 'invalid'
  return isTime(time) ? time : context.receivedAt
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
    collected_at: collectedAt(record, context),
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
