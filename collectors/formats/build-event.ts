/**
 * An event out of what a shape of JSON found for each field, of whatever type its shipper wrote it: the one place that says
 * what each field may hold. A shape says only where its fields stand.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { isTime, utcTime } from './event-time.ts'
import {
  guidOrNull,
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
import { refuseTime } from './refuse-time.ts'

/** Where the shape has the fields without which there is no event, to name them in a refusal. */
export type EventPaths = { readonly computer: string; readonly event_id: string }

export type FoundFields = {
  readonly computer: unknown
  readonly channel: unknown
  readonly provider: unknown
  readonly event_id: unknown
  readonly version: unknown
  readonly level: unknown
  readonly task: unknown
  readonly opcode: unknown
  readonly keywords: unknown
  readonly record_id: unknown
  /** As `timeFrom` gives it. */
  readonly occurred_at: string | Refusal
  readonly collected_at: string
  readonly user_sid: unknown
  /** DOMAIN\\name, or the name alone. */
  readonly user: string | null
  readonly process_id: unknown
  readonly thread_id: unknown
  readonly activity_id: unknown
  readonly message: unknown
  readonly data: Record<string, string>
  readonly shipper: string
}

/** May throw InvalidField for a value out of range; notes in `scope` a number that JSON.parse may have rounded. */
export function buildEvent(found: FoundFields, paths: EventPaths, scope: Scope): WindowsEvent | Refusal {
  const computer = textOrNull(found.computer)
  if (computer === null) return refuse('no_computer', `${paths.computer} is missing`)
  const eventId = uintOrNull(found.event_id, 65535, paths.event_id)
  if (eventId === null) return refuse('no_event_id', `${paths.event_id} is missing`)
  if (typeof found.occurred_at !== 'string') return found.occurred_at
  return {
    computer: computer.toLowerCase(),
    channel: textOrNull(found.channel),
    provider: textOrNull(found.provider),
    event_id: eventId,
    version: uintOrNull(found.version, 255, 'version'),
    level: levelOrNull(found.level),
    task: uintOrNull(found.task, 65535, 'task'),
    opcode: uintOrNull(found.opcode, 255, 'opcode'),
    keywords: keywordsOrNull(found.keywords, scope),
    record_id: recordIdOrNull(found.record_id, scope),
    occurred_at: found.occurred_at,
    collected_at: found.collected_at,
    user_sid: textOrNull(found.user_sid),
    user: found.user,
    process_id: uintOrNull(found.process_id, 0xffff_ffff, 'process_id'),
    thread_id: uintOrNull(found.thread_id, 0xffff_ffff, 'thread_id'),
    activity_id: guidOrNull(found.activity_id),
    message: textOrNull(found.message),
    data: found.data,
    shipper: found.shipper,
  }
}

/** The event's time in UTC from the text that the shape has at `path`, or why it tells none. */
export function timeFrom(path: string, value: unknown, context: FormatContext): string | Refusal {
  const time = typeof value === 'string' && value !== '' ? utcTime(value, context.timeZone) : undefined
  return time !== undefined && isTime(time) ? time : refuseTime(path, value, time)
}

/** When the shipper read the event, where it says so in a text with a zone; else when the bytes were read. */
export function collectedFrom(value: unknown, context: FormatContext): string {
  const time = typeof value === 'string' ? utcTime(value) : 'invalid'
  return isTime(time) ? time : context.receivedAt
}
