/** A value as a string of its own, and the items of an array: for names, literals and whatever is not on the fast path. */
import { ARRAY, VALUE } from './layout.ts'
import { sidLength } from './identifier-writer.ts'
import { fail, type ReaderState } from './reader-state.ts'
import { writeValue } from './value-writer.ts'

/** The value as Windows' XML prints it; '' with the state's fault set when it cannot be read. */
export function valueText(state: ReaderState, type: number, offset: number, size: number): string {
  const mark = state.textLength
  if (writeValue(state, type, offset, size)) {
    const text = state.text.toString('latin1', mark, state.textLength)
    state.textLength = mark
    return text
  }
  return state.fault === '' ? beyondLatin1(state, type, offset, size) : ''
}

const windows1252 = new TextDecoder('windows-1252')

/** A string value up to its first zero; half a surrogate pair becomes U+FFFD, as it does in UTF-8. */
export function beyondLatin1(state: ReaderState, type: number, offset: number, size: number): string {
  if (type === VALUE.string)
    return upToZero(state.bytes.toString('utf16le', offset, offset + (size & ~1))).toWellFormed()
  return upToZero(windows1252.decode(state.bytes.subarray(offset, offset + size)))
}

function upToZero(text: string): string {
  const zero = text.indexOf('\0')
  return zero < 0 ? text : text.slice(0, zero)
}

/** Bytes of a value whose type fixes them; undefined for strings, binary, SIDs and what is as long as it says. */
export function fixedSize(type: number): number | undefined {
  return FIXED_SIZES[type]
}

const FIXED_SIZES: Readonly<Partial<Record<number, number>>> = {
  [VALUE.null]: 0,
  [VALUE.int8]: 1,
  [VALUE.uint8]: 1,
  [VALUE.int16]: 2,
  [VALUE.uint16]: 2,
  [VALUE.int32]: 4,
  [VALUE.uint32]: 4,
  [VALUE.int64]: 8,
  [VALUE.uint64]: 8,
  [VALUE.float]: 4,
  [VALUE.double]: 8,
  [VALUE.bool]: 4,
  [VALUE.guid]: 16,
  [VALUE.filetime]: 8,
  [VALUE.systemtime]: 16,
  [VALUE.hexInt32]: 4,
  [VALUE.hexInt64]: 8,
}

/** The items of an array value, each as text. Strings follow one another, each with a zero at its end. */
export function arrayItems(state: ReaderState, arrayType: number, offset: number, size: number): string[] {
  const type = arrayType & ~ARRAY
  const items: string[] = []
  const end = offset + size
  for (let at = offset; at < end && state.fault === '';) {
    const length = itemLength(state, type, at, end, size)
    if (length <= 0) {
      fail(state, `an array of type 0x${type.toString(16)} cannot have ${size} bytes`)
      return items
    }
    items.push(valueText(state, type, at, Math.min(length, end - at)))
    at += length
  }
  return items
}

function itemLength(state: ReaderState, type: number, at: number, end: number, size: number): number {
  if (type === VALUE.string) return utf16Length(state, at, end)
  if (type === VALUE.ansiString) {
    const zero = state.bytes.indexOf(0, at)
    return zero < 0 || zero >= end ? end - at : zero + 1 - at
  }
  if (type === VALUE.sid) return sidLength(state, at, end - at)
  // A pointer's width is the writer's: 8 bytes on every Windows that still gets updates, 4 where that cannot be.
  const length = fixedSize(type) ?? (type === VALUE.sizet ? (size % 8 === 0 ? 8 : 4) : 0)
  return length <= end - at ? length : 0
}

/** Bytes up to and with the next zero character, or up to the end. */
function utf16Length(state: ReaderState, offset: number, end: number): number {
  let at = offset
  while (at + 1 < end && (state.bytes[at] !== 0 || state.bytes[at + 1] !== 0)) at += 2
  return Math.max(2, Math.min(at + 2, end) - offset)
}
