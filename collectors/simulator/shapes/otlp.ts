/** The event as the OpenTelemetry Collector's windowseventlog receiver exports it (OTLP/JSON, event data as a map). */
import { LEVEL_NAMES, type LoggedEvent, systemTime } from './logged-event.ts'

const SEVERITY = { 2: 17, 3: 13, 4: 9 } as const

type Value = { stringValue: string } | { intValue: string } | { kvlistValue: { values: Pair[] } }
type Pair = { key: string; value: Value }
const text = (key: string, value: string): Pair => ({ key, value: { stringValue: value } })
const number = (key: string, value: number): Pair => ({ key, value: { intValue: String(value) } })
const map = (key: string, values: Pair[]): Pair => ({ key, value: { kvlistValue: { values } } })

export function toOtlp(event: LoggedEvent): string {
  const { content } = event
  const nanos = `${event.atMs}${String(event.ticks).padStart(4, '0')}00`
  const observed = `${event.atMs + 900}000000`
  const correlation = event.activityId === null ? [] : [text('activity_id', `{${event.activityId}}`)]
  const body = [
    text('channel', content.channel),
    text('computer', event.computer),
    map('correlation', correlation),
    map(
      'event_data',
      content.data.map(([name, value]) => text(name, value)),
    ),
    map('event_id', [number('id', content.event_id), number('qualifiers', 0)]),
    map('execution', [number('process_id', event.processId), number('thread_id', event.threadId)]),
    text('level', LEVEL_NAMES[content.level]),
    text('message', content.message ?? ''),
    text('opcode', 'Info'),
    map('provider', [text('name', content.provider), text('guid', content.guid ?? ''), text('event_source', '')]),
    number('record_id', event.recordId),
    map('security', [text('user_id', event.userSid), text('user_name', event.userName), text('domain', 'AzureAD')]),
    text('system_time', systemTime(event)),
    text('task', ''),
    number('version', 0),
  ]
  const record = {
    timeUnixNano: nanos,
    observedTimeUnixNano: observed,
    severityNumber: SEVERITY[content.level],
    severityText: LEVEL_NAMES[content.level].toUpperCase(),
    body: { kvlistValue: { values: body } },
  }
  return JSON.stringify({ resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords: [record] }] }] })
}
