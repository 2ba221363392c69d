/** Fills a source of a plan from the values of an instance: as a slot of the record's text, as a number, as a string. */
import { MAX_DEPTH } from '../format.ts'
import { readFragment } from './fragment.ts'
import { ARRAY, TOKEN, VALUE } from './layout.ts'
import type { Element, Piece } from './element.ts'
import type { Plan, Source } from './plan.ts'
import { fail, type Frame, frameAt, type ReaderState } from './reader-state.ts'
import { arrayItems, beyondLatin1, valueText } from './value-text.ts'
import { writeValue } from './value-writer.ts'

/** `ends` of a slot that has no text. */
const ABSENT = -0x80000000

/** Places the text of a source in a slot. A null value, or none, leaves the slot absent. */
export function placeSource(state: ReaderState, source: Source, frame: Frame, slot: number): void {
  const { index } = source
  if (index >= 0 && index < frame.count) {
    const type = frame.types[index] as number
    if (type === VALUE.null) state.ends[slot] = ABSENT
    else if ((type & ARRAY) === 0 && type !== VALUE.binXml && type !== VALUE.evtXml) {
      placeValue(state, slot, type, frame.offsets[index] as number, frame.sizes[index] as number)
    } else placeText(state, slot, sourceText(state, source, frame, 0))
  } else placeText(state, slot, source.literal ?? sourceText(state, source, frame, 0))
}

/** Places one value that is neither null, array nor BinXML. */
export function placeValue(state: ReaderState, slot: number, type: number, offset: number, size: number): void {
  const start = state.textLength
  if (writeValue(state, type, offset, size)) {
    state.starts[slot] = start
    state.ends[slot] = state.textLength
  } else if (state.fault === '') placeText(state, slot, beyondLatin1(state, type, offset, size))
}

export function placeText(state: ReaderState, slot: number, text: string | null): void {
  state.ends[slot] = text === null ? ABSENT : -state.wide.push(text)
}

export function placeWritten(state: ReaderState, slot: number, end: number): void {
  state.starts[slot] = state.textLength
  state.ends[slot] = end
  state.textLength = end
}

/** The text of a slot, cut from the record's whole text; null when it is absent or empty. */
export function slotText(state: ReaderState, all: string, slot: number): string | null {
  const end = state.ends[slot] as number
  if (end === ABSENT) return null
  return (end < 0 ? state.wide[-end - 1] : all.substring(state.starts[slot] as number, end)) || null
}

/** A whole number from 0 to `max`; -1 when there is none, -2 when it is something else. */
export function sourceInteger(state: ReaderState, source: Source, frame: Frame, max: number): number {
  const { index } = source
  if (index >= 0 && index < frame.count) {
    const offset = frame.offsets[index] as number
    const size = frame.sizes[index] as number
    switch (frame.types[index]) {
      case VALUE.null:
        return -1
      case VALUE.uint8:
        if (size === 1) return state.view.getUint8(offset)
        break
      case VALUE.uint16:
        if (size === 2) return within(state.view.getUint16(offset, true), max)
        break
      case VALUE.uint32:
      case VALUE.hexInt32:
        if (size === 4) return within(state.view.getUint32(offset, true), max)
    }
  }
  const text = sourceText(state, source, frame, 0)
  if (text === null || text === '') return -1
  return /^(\d+|0x[0-9a-f]+)$/i.test(text) ? within(Number(text), max) : -2
}

function within(value: number, max: number): number {
  return value <= max ? value : -2
}

/** The source as one string; null when it is nothing but null values. Items of an array are joined by commas. */
export function sourceText(state: ReaderState, source: Source, frame: Frame, depth: number): string | null {
  if (source.literal !== undefined) return source.pieces.length === 0 ? null : source.literal
  let text: string | null = null
  for (const piece of source.pieces) {
    const part = pieceText(state, piece, frame, depth)
    if (part !== null) text = text === null ? part : text + part
    if (state.fault !== '') return null
  }
  return text
}

function pieceText(state: ReaderState, piece: Piece, frame: Frame, depth: number): string | null {
  if (piece.kind === 'text') return piece.text
  if (piece.kind === 'element') return elementText(state, piece, frame, depth)
  const { index } = piece
  if (index >= frame.count) return null
  const type = frame.types[index] as number
  const offset = frame.offsets[index] as number
  const size = frame.sizes[index] as number
  if (type === VALUE.null) return null
  if ((type & ARRAY) !== 0) return arrayItems(state, type, offset, size).join(',')
  if (!holdsFragment(state, type, offset, size)) return scalarText(state, type, offset, size)
  const nested = readNested(state, offset, size, depth + 1)
  return nested && elementText(state, nested.element, nested.frame, depth + 1)
}

/** Text under an element, its children's included. */
function elementText(state: ReaderState, element: Element, frame: Frame, depth: number): string | null {
  return sourceText(state, { literal: undefined, index: -1, pieces: element.pieces }, frame, depth)
}

/** One value that is no array and holds no fragment. EvtXml that is no BinXML is XML text. */
function scalarText(state: ReaderState, type: number, offset: number, size: number): string {
  if (type === VALUE.binXml) return ''
  return valueText(state, type === VALUE.evtXml ? VALUE.string : type, offset, size)
}

/** Is the value a BinXML fragment of its own? */
export function holdsFragment(state: ReaderState, type: number, offset: number, size: number): boolean {
  if (size < 4) return false
  return type === VALUE.binXml || (type === VALUE.evtXml && state.view.getUint8(offset) === TOKEN.fragmentHeader)
}

/** The fragment in a value. `depth` counts the fragments around it; its frame stays valid until the next of that depth. */
export function readNestedPlan(
  state: ReaderState,
  offset: number,
  size: number,
  depth: number,
  frame: Frame,
): Plan | null {
  if (depth > MAX_DEPTH) {
    fail(state, `BinXML values nest deeper than ${MAX_DEPTH} levels`)
    return null
  }
  return readFragment(state, offset, offset + size, frame) ?? null
}

export type Nested = { readonly element: Element; readonly frame: Frame }

export function readNested(state: ReaderState, offset: number, size: number, depth: number): Nested | null {
  const frame = frameAt(state, depth)
  const plan = readNestedPlan(state, offset, size, depth, frame)
  return plan && { element: plan.element, frame }
}
