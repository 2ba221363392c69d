/** The `System` part of an event's XML, as text, turned into the fields of a WindowsEvent. */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { isTime, utcTime } from './event-time.ts'
import {
  guidOrNull,
  InvalidField,
  keywordsFromText,
  recordIdOrNull,
  type Refusal,
  refuse,
  uintOrNull,
} from './field-values.ts'
import type { FormatContext } from './format.ts'
import { refuseTime } from './refuse-time.ts'

export type SystemTexts = {
  provider?: string
  eventId?: string
  version?: string
  level?: string
  task?: string
  opcode?: string
  keywords?: string
  time?: string
  recordId?: string
  activityId?: string
  processId?: string
  threadId?: string
  channel?: string
  computer?: string
  userSid?: string
}

const NO_SCOPE = { isLossy: false }

export function finishEventXml(
  system: SystemTexts,
  data: Record<string, string>,
  message: string,
  context: FormatContext,
): WindowsEvent | Refusal {
  const computer = system.computer?.trim()
  if (computer === undefined || computer === '') return refuse('no_computer', 'System/Computer is missing or empty')
  const { time } = system
  const occurredAt = time === undefined || time === '' ? undefined : utcTime(time, context.timeZone)
  if (occurredAt === undefined || !isTime(occurredAt))
    return refuseTime('System/TimeCreated/@SystemTime', time, occurredAt)
  try {
    const eventId = number(system.eventId, 65535, 'System/EventID')
    if (eventId === null) return refuse('no_event_id', 'System/EventID is missing or empty')
    const recordId = system.recordId?.trim()
    return {
      computer: computer.toLowerCase(),
      channel: system.channel === undefined || system.channel === '' ? null : system.channel,
      provider: system.provider === undefined || system.provider === '' ? null : system.provider,
      event_id: eventId,
      version: number(system.version, 255, 'System/Version'),
      level: number(system.level, 255, 'System/Level'),
      task: number(system.task, 65535, 'System/Task'),
      opcode: number(system.opcode, 255, 'System/Opcode'),
      keywords: keywords(system.keywords),
      record_id: recordIdOrNull(recordId, NO_SCOPE),
      occurred_at: occurredAt,
      collected_at: context.receivedAt,
      user_sid: system.userSid === undefined || system.userSid === '' ? null : system.userSid,
      user: null,
      process_id: number(system.processId, 0xffff_ffff, 'System/Execution/@ProcessID'),
      thread_id: number(system.threadId, 0xffff_ffff, 'System/Execution/@ThreadID'),
      activity_id: guidOrNull(system.activityId),
      message: message === '' ? null : message,
      data,
      shipper: 'event_xml',
    }
  } catch (error) {
    if (error instanceof InvalidField) return refuse('invalid_event', error.message)
    throw error
  }
}

/** Windows writes plain digits; anything but a number in range is nothing that Windows can write. */
function number(text: string | undefined, highest: number, field: string): number | null {
  if (text === undefined || text === '') return null
  if (text.length === 1) {
    const digit = text.charCodeAt(0) - 0x30
    if (digit >= 0 && digit <= 9) return digit
  }
  const trimmed = text.trim()
  if (trimmed === '') return null
  // Tools that print hexadecimal (0x0) keep the number all the same.
  const value = /^0[xX][0-9a-fA-F]{1,8}$/.test(trimmed) ? Number(trimmed) : uintOrNull(trimmed, highest, field)
  if (value === null || value > highest) throw new InvalidField(`${field} ${trimmed.slice(0, 40)} is not a number`)
  return value
}

function keywords(text: string | undefined): string | null {
  if (text === undefined || text === '') return null
  const value = keywordsFromText(text.trim())
  if (value === null) throw new InvalidField(`System/Keywords ${text.slice(0, 40)} is not a 64-bit number`)
  return value
}
