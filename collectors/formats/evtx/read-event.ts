/** One record's BinXML as a `WindowsEvent`. */
import type { DeadLetterReason } from '../../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { readRecordFragment } from './fragment.ts'
import { ARRAY, VALUE } from './layout.ts'
import type { DataPlan, FlatFields, Plan } from './plan.ts'
import { enterRecord, fail, type Frame, frameAt, growSlots, type ReaderState } from './reader-state.ts'
import { holdsFragment, placeValue, readNestedPlan, slotText, sourceText } from './source.ts'
import { createSystemDraft, DATA_SLOT, readSystem, SLOT, systemRefusal, type SystemDraft } from './system-fields.ts'
import { walkData } from './walk-data.ts'

/** What came of a record. `fault`: its data could not be read, and why; the event is kept without them. */
export type Reading =
  | { readonly kind: 'event'; readonly event: WindowsEvent; readonly fault: string }
  | { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string }
  | { readonly kind: 'damage'; readonly reason: string }

export type EventReader = {
  /** Reads the record of `size` bytes at `offset` of the state's chunk. `collectedAt`: ISO 8601 UTC. */
  readEvent(offset: number, size: number, collectedAt: string): Reading
}

type Draft = {
  readonly system: SystemDraft
  /** The fields whose texts are placed from `DATA_SLOT` on. */
  flat: FlatFields | undefined
  data: Record<string, string> | undefined
  message: string | null
  dataFault: string
}

export function createEventReader(state: ReaderState): EventReader {
  const draft: Draft = { system: createSystemDraft(), flat: undefined, data: undefined, message: null, dataFault: '' }
  const readEvent = (offset: number, size: number, collectedAt: string): Reading => {
    enterRecord(state)
    draft.system.isPresent = false
    draft.flat = undefined
    draft.data = undefined
    draft.message = null
    draft.dataFault = ''
    const frame = frameAt(state, 0)
    const plan = readRecordFragment(state, offset, size, frame)
    if (plan === undefined) return { kind: 'damage', reason: state.fault }
    readPart(state, draft, plan, frame, 0)
    if (state.fault !== '') return { kind: 'damage', reason: state.fault }
    return assemble(state, draft, collectedAt)
  }
  return { readEvent }
}

/** A fault is left in the state only when it concerns the System part: without that there is no event. */
function readPart(state: ReaderState, draft: Draft, plan: Plan, frame: Frame, depth: number): void {
  if (plan.kind === 'event') {
    if (depth > 0) fail(state, 'an event inside an event')
    else for (const part of plan.parts) readEventPart(state, draft, part, frame)
  } else if (plan.kind === 'system') {
    readSystem(state, draft.system, plan, frame)
  } else {
    if (plan.kind === 'rendering') draft.message = sourceText(state, plan.message, frame, depth)
    else readData(state, draft, plan, frame, depth)
    keepDataFault(state, draft)
  }
}

function readEventPart(
  state: ReaderState,
  draft: Draft,
  part: (Plan & { kind: 'event' })['parts'][number],
  frame: Frame,
): void {
  if (state.fault !== '') return
  if (part.kind !== 'substitution') {
    readPart(state, draft, part, frame, 0)
    return
  }
  if (part.index >= frame.count) return
  const offset = frame.offsets[part.index] as number
  const size = frame.sizes[part.index] as number
  if (!holdsFragment(state, frame.types[part.index] as number, offset, size)) return
  const nested = frameAt(state, 1)
  const plan = readNestedPlan(state, offset, size, 1, nested)
  if (plan === null) keepDataFault(state, draft)
  else readPart(state, draft, plan, nested, 1)
}

function keepDataFault(state: ReaderState, draft: Draft): void {
  if (state.fault === '') return
  if (draft.dataFault === '') draft.dataFault = state.fault
  state.fault = ''
}

function readData(state: ReaderState, draft: Draft, plan: DataPlan, frame: Frame, depth: number): void {
  const isFirst = draft.flat === undefined && draft.data === undefined
  if (isFirst && plan.flat !== undefined && placeFlatFields(state, plan.flat, frame)) {
    draft.flat = plan.flat
    return
  }
  if (state.fault !== '') return
  if (draft.flat !== undefined) {
    draft.data = flatData(state, draft.flat, state.text.toString('latin1', 0, state.textLength))
    draft.flat = undefined
  }
  draft.data ??= {}
  walkData(state, plan.element, frame, depth, draft.data)
}

/** Places every field's text; false when one is of a kind that only the walk can do. */
function placeFlatFields(state: ReaderState, flat: FlatFields, frame: Frame): boolean {
  const { indexes, optional, count } = flat
  if (DATA_SLOT + count > state.ends.length) growSlots(state, DATA_SLOT + count)
  const { types, offsets, sizes } = frame
  for (let field = 0; field < count; field += 1) {
    const index = indexes[field] as number
    const type = index < frame.count ? (types[index] as number) : VALUE.null
    if ((type & ARRAY) !== 0 || type === VALUE.binXml || type === VALUE.evtXml) return false
    if (type === VALUE.null && optional[field] === 1) return false
    if (type === VALUE.null) placeValue(state, DATA_SLOT + field, type, 0, 0)
    else placeValue(state, DATA_SLOT + field, type, offsets[index] as number, sizes[index] as number)
    if (state.fault !== '') return false
  }
  return true
}

function flatData(state: ReaderState, flat: FlatFields, all: string): Record<string, string> {
  const data = { ...flat.blank }
  const { names, count } = flat
  for (let field = 0; field < count; field += 1) {
    data[names[field] as string] = slotText(state, all, DATA_SLOT + field) ?? ''
  }
  return data
}

function assemble(state: ReaderState, draft: Draft, collectedAt: string): Reading {
  const { system } = draft
  const all = state.text.toString('latin1', 0, state.textLength)
  const refusal = systemRefusal(state, system, all)
  if (refusal !== undefined) return refusal
  const event: WindowsEvent = {
    computer: (slotText(state, all, SLOT.computer) ?? '').toLowerCase(),
    channel: slotText(state, all, SLOT.channel),
    provider: slotText(state, all, SLOT.provider),
    event_id: system.event_id,
    version: orNull(system.version),
    level: orNull(system.level),
    task: orNull(system.task),
    opcode: orNull(system.opcode),
    keywords: slotText(state, all, SLOT.keywords),
    record_id: slotText(state, all, SLOT.record_id),
    occurred_at: slotText(state, all, SLOT.occurred_at) ?? '',
    collected_at: collectedAt,
    user_sid: slotText(state, all, SLOT.user_sid),
    user: null,
    process_id: orNull(system.process_id),
    thread_id: orNull(system.thread_id),
    activity_id: slotText(state, all, SLOT.activity_id),
    message: draft.message,
    data: draft.flat === undefined ? (draft.data ?? {}) : flatData(state, draft.flat, all),
    shipper: 'evtx',
  }
  return { kind: 'event', event, fault: draft.dataFault }
}

function orNull(value: number): number | null {
  return value < 0 ? null : value
}
