/**
 * The OpenTelemetry collector's windowseventlog receiver: OTLP/JSON (`resourceLogs`), or a record's body alone, one
 * object a line. The body has changed over the releases, and all of these are read:
 *
 * - `event_data` as a map in which fields without a name are missing (before 0.89);
 * - `event_data` as `{name, binary, data: [{name: value}, …]}`, fields without a name under an empty one;
 * - `event_data` as a map in which these are `Data1`, `Data2` (counted among themselves) or `param1`, `param2`;
 * - `user_data` with the name of the element around it as `xml_name`;
 * - the XML as it was (`raw: true`) in the body, or beside the body in `log.record.original`.
 *
 * What it does not keep: numbers of task, opcode, level and keywords where the provider names them.
 * Source: opentelemetry-collector-contrib, pkg/stanza/operator/input/windows, 0.36 to 0.161.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { buildEvent, timeFrom } from './build-event.ts'
import { decodeEventXmlText } from './event-xml-text.ts'
import { isTime, utcFromUnixNanos } from './event-time.ts'
import {
  accountOrNull,
  InvalidField,
  isObject,
  isRefusal,
  type JsonObject,
  objectOf,
  type Refusal,
  refuse,
  type Scope,
} from './field-values.ts'
import type { FormatContext } from './format.ts'
import type { JsonShape, Part } from './json-shape.ts'
import { dataOfBody } from './otel-data.ts'
import { plainValue } from './otlp-value.ts'
import { refuseTime } from './refuse-time.ts'

export const otel: JsonShape = {
  name: 'otel',
  marks: ['resourceLogs', 'resource_logs', 'system_time'],
  recognises: (record) => Array.isArray(record['resourceLogs'] ?? record['resource_logs']) || isEventBody(record),
  decode: (record, context, scope) => {
    const resources = record['resourceLogs'] ?? record['resource_logs']
    return Array.isArray(resources)
      ? decodeExport(resources, context, scope)
      : decodeBody(record, { time: undefined, observed: undefined }, context, scope)
  },
}

/** Nanoseconds since 1970 as decimal text, as the log record carried them beside its body. */
type RecordTimes = { readonly time: unknown; readonly observed: unknown }

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function isEventBody(record: JsonObject): boolean {
  return 'computer' in record && 'channel' in record && ('system_time' in record || isObject(record['event_id']))
}

function decodeExport(resources: readonly unknown[], context: FormatContext, scope: Scope): readonly Part[] {
  const parts: Part[] = []
  for (const resource of resources) {
    const scopes = objectOf(resource)['scopeLogs'] ?? objectOf(resource)['scope_logs']
    for (const logs of listOf(scopes)) {
      for (const log of listOf(objectOf(logs)['logRecords'] ?? objectOf(logs)['log_records'])) {
        // Alone it is a complete export again, so that a dead letter of it can be replayed.
        const source = { resourceLogs: [{ scopeLogs: [{ logRecords: [log] }] }] }
        parts.push({ outcome: decodeLog(objectOf(log), context, scope), source })
      }
    }
  }
  return parts
}

function decodeLog(log: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal {
  const times = {
    time: log['timeUnixNano'] ?? log['time_unix_nano'],
    observed: log['observedTimeUnixNano'] ?? log['observed_time_unix_nano'],
  }
  const attributes = objectOf(plainValue({ kvlistValue: { values: log['attributes'] } }, scope))
  const body = plainValue(log['body'], scope)
  const original = attributes['log.record.original'] ?? attributes['original_event'] ?? body
  if (typeof original === 'string' && /^\s*</.test(original)) return decodeRaw(original, times, context)
  try {
    if (isObject(body) && isEventBody(body)) return decodeBody(body, times, context, scope)
    if (isEventBody(attributes)) return decodeBody(attributes, times, context, scope)
  } catch (error) {
    if (error instanceof InvalidField) return refuse('invalid_event', error.message)
    throw error
  }
  return refuse('unknown_shape', 'the body of the log record is no Windows event')
}

function decodeRaw(xml: string, times: RecordTimes, context: FormatContext): WindowsEvent | Refusal {
  const event = decodeEventXmlText(xml, context)
  return isRefusal(event) ? event : { ...event, collected_at: collectedAt(times, context), shipper: 'otel' }
}

function decodeBody(
  body: JsonObject,
  times: RecordTimes,
  context: FormatContext,
  scope: Scope,
): WindowsEvent | Refusal {
  const provider = body['provider']
  const security = objectOf(body['security'])
  const execution = objectOf(body['execution'])
  return buildEvent(
    {
      computer: body['computer'],
      channel: body['channel'],
      provider: isObject(provider) ? provider['name'] : provider,
      event_id: objectOf(body['event_id'])['id'] ?? body['event_id'],
      version: body['version'],
      level: body['level'],
      task: body['task'],
      opcode: body['opcode'],
      keywords: body['keywords'],
      record_id: body['record_id'],
      occurred_at: occurredAtOf(body, times, context),
      collected_at: collectedAt(times, context),
      user_sid: security['user_id'],
      user: accountOrNull(security['domain'], security['user_name']),
      process_id: execution['process_id'],
      thread_id: execution['thread_id'],
      activity_id: objectOf(body['correlation'])['activity_id'],
      message: body['message'],
      data: dataOfBody(body, scope),
      shipper: 'otel',
    },
    { computer: 'body.computer', event_id: 'body.event_id.id' },
    scope,
  )
}

/** The body's own time has all digits; the log record's is the receiver's clock when that could not be read. */
function occurredAtOf(body: JsonObject, times: RecordTimes, context: FormatContext): string | Refusal {
  const systemTime = body['system_time']
  if (typeof systemTime === 'string' && systemTime !== '') return timeFrom('system_time', systemTime, context)
  const nanos = nanosOf(times.time)
  const time = nanos === undefined ? undefined : utcFromUnixNanos(nanos)
  return time !== undefined && isTime(time) ? time : refuseTime('timeUnixNano', times.time, time)
}

function collectedAt(times: RecordTimes, context: FormatContext): string {
  const nanos = nanosOf(times.observed)
  const time = nanos === undefined ? 'invalid' : utcFromUnixNanos(nanos)
  return isTime(time) ? time : context.receivedAt
}

/** OTLP/JSON has 64-bit numbers as text; some writers do not care, and a double keeps enough of it to tell a microsecond. */
function nanosOf(value: unknown): string | undefined {
  if (typeof value === 'number' && value > 0 && Number.isInteger(value)) return BigInt(value).toString()
  return typeof value === 'string' && value !== '' && value !== '0' ? value : undefined
}
