/** The System part: numbers into a draft, texts into slots, and what makes it no event. */
import type { DeadLetterReason } from '../../../schemas/dead-letter.ts'
import { writeGuid } from './identifier-writer.ts'
import { VALUE } from './layout.ts'
import { writeHex64 } from './number-writer.ts'
import type { Source, SystemPlan } from './plan.ts'
import { type Frame, type ReaderState, spend } from './reader-state.ts'
import { placeSource, placeText, placeWritten, slotText, sourceInteger, sourceText } from './source.ts'
import { isDatable } from './time-writer.ts'

/** The slots of the System part's texts; those of the data follow from `DATA_SLOT` on. */
export const SLOT = {
  provider: 0,
  channel: 1,
  computer: 2,
  keywords: 3,
  record_id: 4,
  occurred_at: 5,
  user_sid: 6,
  activity_id: 7,
} as const
export const DATA_SLOT = 8

/** Numbers of the System part; -1: not there, -2: not a number that Windows can write there. */
export type SystemDraft = {
  isPresent: boolean
  event_id: number
  version: number
  level: number
  task: number
  opcode: number
  process_id: number
  thread_id: number
  time: 'none' | 'zero' | 'good' | 'undatable'
  /** Is the record id a 64-bit number because of the type of its value? */
  isRecordIdSure: boolean
}

export function createSystemDraft(): SystemDraft {
  return {
    isPresent: false,
    event_id: -1,
    version: -1,
    level: -1,
    task: -1,
    opcode: -1,
    process_id: -1,
    thread_id: -1,
    time: 'none',
    isRecordIdSure: false,
  }
}

export function readSystem(state: ReaderState, draft: SystemDraft, plan: SystemPlan, frame: Frame): void {
  draft.isPresent = true
  draft.event_id = sourceInteger(state, plan.event_id, frame, 0xffff)
  draft.version = sourceInteger(state, plan.version, frame, 0xff)
  draft.level = sourceInteger(state, plan.level, frame, 0xff)
  draft.task = sourceInteger(state, plan.task, frame, 0xffff)
  draft.opcode = sourceInteger(state, plan.opcode, frame, 0xff)
  draft.process_id = sourceInteger(state, plan.process_id, frame, 0xffffffff)
  draft.thread_id = sourceInteger(state, plan.thread_id, frame, 0xffffffff)
  placeSource(state, plan.provider, frame, SLOT.provider)
  placeSource(state, plan.channel, frame, SLOT.channel)
  placeSource(state, plan.computer, frame, SLOT.computer)
  placeSource(state, plan.record_id, frame, SLOT.record_id)
  draft.isRecordIdSure = plainValue(plan.record_id, frame, VALUE.uint64, 8) >= 0
  placeSource(state, plan.user_sid, frame, SLOT.user_sid)
  placeKeywords(state, plan.keywords, frame)
  placeActivity(state, plan.activity_id, frame)
  placeTime(state, draft, plan.occurred_at, frame)
}

/** Index of the source's one value when it is of this type and size; -1 otherwise. */
function plainValue(source: Source, frame: Frame, type: number, size: number): number {
  const { index } = source
  return index >= 0 && index < frame.count && frame.types[index] === type && frame.sizes[index] === size ? index : -1
}

function placeKeywords(state: ReaderState, source: Source, frame: Frame): void {
  const index = plainValue(source, frame, VALUE.hexInt64, 8)
  if (index >= 0) {
    const offset = frame.offsets[index] as number
    if (!spend(state, 48)) return
    const [low, high] = [state.view.getUint32(offset, true), state.view.getUint32(offset + 4, true)]
    placeWritten(state, SLOT.keywords, writeHex64(state.text, state.textLength, high, low))
    return
  }
  const text = sourceText(state, source, frame, 0)
  placeText(state, SLOT.keywords, text === null ? null : paddedHex(text))
}

/** A number in any spelling as 0x and 16 digits; what is none stays, and is refused. */
function paddedHex(text: string): string {
  const digits = text.startsWith('-') ? text.slice(1) : text
  if (!/^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(digits)) return text
  const value = BigInt(digits)
  return `0x${BigInt.asUintN(64, text === digits ? value : -value)
    .toString(16)
    .padStart(16, '0')}`
}

function placeActivity(state: ReaderState, source: Source, frame: Frame): void {
  const index = plainValue(source, frame, VALUE.guid, 16)
  if (index >= 0) {
    if (!spend(state, 48)) return
    const end = writeGuid(state, state.textLength, frame.offsets[index] as number, false)
    placeWritten(state, SLOT.activity_id, end)
    return
  }
  const text = sourceText(state, source, frame, 0)
  placeText(state, SLOT.activity_id, text === null ? null : text.replaceAll(/[{}]/g, '').toLowerCase())
}

function placeTime(state: ReaderState, draft: SystemDraft, source: Source, frame: Frame): void {
  placeSource(state, source, frame, SLOT.occurred_at)
  const index = plainValue(source, frame, VALUE.filetime, 8)
  if (index >= 0) {
    const offset = frame.offsets[index] as number
    const low = state.view.getUint32(offset, true)
    const high = state.view.getUint32(offset + 4, true)
    draft.time = low === 0 && high === 0 ? 'zero' : isDatable(high, low) ? 'good' : 'undatable'
    return
  }
  const text = sourceText(state, source, frame, 0)
  if (text === null || text === '') draft.time = 'none'
  else draft.time = isTime(text) ? 'good' : 'undatable'
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(text) && !Number.isNaN(Date.parse(text))
}

export type Refusal =
  | { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string }
  | { readonly kind: 'damage'; readonly reason: string }

/** Why the System part at hand makes no event; undefined when it does. `all` is the record's whole text. */
export function systemRefusal(state: ReaderState, draft: SystemDraft, all: string): Refusal | undefined {
  if (!draft.isPresent) return reject('no_computer', 'the record has no System element')
  if (draft.time === 'good' && draft.event_id >= 0) return fieldRefusal(state, draft, all)
  if (draft.time === 'zero' && isBlank(state, all))
    return { kind: 'damage', reason: 'the System part of the record is blank' }
  if (slotText(state, all, SLOT.computer) === null) return reject('no_computer', 'System/Computer is missing or empty')
  if (draft.event_id === -1) return reject('no_event_id', 'System/EventID is missing or empty')
  if (draft.time === 'none') return reject('no_time', 'System/TimeCreated@SystemTime is missing or empty')
  if (draft.time === 'undatable') {
    return reject(
      'time_out_of_range',
      `System/TimeCreated@SystemTime is ${slotText(state, all, SLOT.occurred_at) ?? ''}`,
    )
  }
  return fieldRefusal(state, draft, all)
}

/** All zeros: neither provider nor record id says what it was. Windows leaves such records behind a crash. */
function isBlank(state: ReaderState, all: string): boolean {
  const recordId = slotText(state, all, SLOT.record_id)
  return slotText(state, all, SLOT.provider) === null && (recordId === null || recordId === '0')
}

const NUMBERS = ['event_id', 'version', 'level', 'task', 'opcode', 'process_id', 'thread_id'] as const

function fieldRefusal(state: ReaderState, draft: SystemDraft, all: string): Refusal | undefined {
  const computer = slotText(state, all, SLOT.computer)
  if (computer === null) return reject('no_computer', 'System/Computer is missing or empty')
  if (computer.length > 512) return reject('invalid_event', 'System/Computer is longer than 512 characters')
  for (const name of NUMBERS) {
    if (draft[name] === -2) return reject('invalid_event', `${name} is no number that Windows can write there`)
  }
  const recordId = draft.isRecordIdSure ? null : slotText(state, all, SLOT.record_id)
  if (recordId !== null && !isRecordId(recordId)) return reject('invalid_event', 'record_id is no 64-bit number')
  const keywords = slotText(state, all, SLOT.keywords)
  if (keywords !== null && !isKeywords(keywords)) return reject('invalid_event', 'keywords is no 64-bit number')
  return undefined
}

function isKeywords(text: string): boolean {
  return text.length === 18 && text.startsWith('0x')
}

function isRecordId(text: string): boolean {
  if (text.length > 15) return /^[1-9]\d{15,19}$/.test(text) && BigInt(text) < 1n << 64n
  return /^(0|[1-9]\d*)$/.test(text)
}

function reject(reason: DeadLetterReason, detail: string): Refusal {
  return { kind: 'reject', reason, detail }
}
