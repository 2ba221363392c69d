/**
 * Writes one value as text, the way Windows' XML prints it, into the state's Latin-1 buffer: no string is made for a
 * value on its own; the record's text becomes one string at the end and is cut.
 */
import { VALUE } from './layout.ts'
import { fail, type ReaderState, spend } from './reader-state.ts'
import { writeGuid, writeSid } from './identifier-writer.ts'
import { writeBytesAsHex, writeDecimal, writeHex, writeLatin1 } from './number-writer.ts'
import { writeFileTime, writeSystemTime } from './time-writer.ts'

/**
 * Writes the value of `size` bytes at `offset` of the chunk (inside it: the caller has checked). False without a fault:
 * a string with characters beyond Latin-1, nothing was written. False with a fault: the value cannot be read.
 */
export function writeValue(state: ReaderState, type: number, offset: number, size: number): boolean {
  if (type === VALUE.string) return writeUtf16(state, offset, size)
  // No type but strings makes more text of `size` bytes than this.
  if (!spend(state, 16 + 4 * size)) return false
  if (size === 0 || type === VALUE.null) return true
  const position = state.textLength
  const end = writeTyped(state, type, offset, size)
  if (end >= 0) {
    state.textLength = end
    return true
  }
  state.textLength = position
  return end === WIDE ? false : fail(state, `a value of type 0x${type.toString(16)} cannot have ${size} bytes`)
}

/** Not to be written as Latin-1. */
const WIDE = -2
/** No value of this type has this size. */
const INVALID = -1

function writeTyped(state: ReaderState, type: number, offset: number, size: number): number {
  const { view, text } = state
  const at = state.textLength
  switch (type) {
    case VALUE.uint8:
    case VALUE.uint16:
    case VALUE.uint32:
    case VALUE.uint64:
      return writeUnsigned(state, offset, size)
    case VALUE.int8:
    case VALUE.int16:
    case VALUE.int32:
    case VALUE.int64:
      return writeSigned(state, offset, size)
    case VALUE.hexInt32:
    case VALUE.hexInt64:
    case VALUE.sizet:
    case VALUE.evtHandle:
      if (size === 4) return writeHex(text, at, 0, view.getUint32(offset, true))
      return size === 8 ? writeHex(text, at, view.getUint32(offset + 4, true), view.getUint32(offset, true)) : INVALID
    case VALUE.guid:
      return size === 16 ? writeGuid(state, at, offset, true) : INVALID
    case VALUE.sid:
      return writeSid(state, at, offset, size)
    case VALUE.filetime:
      return size === 8
        ? writeFileTime(text, at, view.getUint32(offset + 4, true), view.getUint32(offset, true))
        : INVALID
    case VALUE.systemtime:
      return size === 16 ? writeSystemTime(text, at, view, offset) : INVALID
    case VALUE.bool:
      return size === 4 || size === 1 ? writeLatin1(text, at, isZero(state, offset, size) ? 'false' : 'true') : INVALID
    case VALUE.float:
    case VALUE.double:
      return writeFloat(state, offset, size)
    case VALUE.ansiString:
      return writeAnsi(state, offset, size)
    case VALUE.evtXml:
    case VALUE.binXml:
      return INVALID
    default:
      return writeBytesAsHex(text, at, state.bytes, offset, size)
  }
}

function writeUtf16(state: ReaderState, offset: number, size: number): boolean {
  const characters = size >>> 1
  if (!spend(state, 16 + characters)) return false
  const { bytes, text } = state
  let at = state.textLength
  for (let from = offset, end = offset + characters * 2; from < end; from += 2) {
    const low = bytes[from] as number
    if (bytes[from + 1] !== 0) return false
    if (low === 0) break
    text[at] = low
    at += 1
  }
  state.textLength = at
  return true
}

/** ANSI text in Windows-1252, as the file does not say its code page; like all text it ends at the first zero. */
function writeAnsi(state: ReaderState, offset: number, size: number): number {
  let at = state.textLength
  for (let from = offset; from < offset + size; from += 1) {
    const character = state.bytes[from] as number
    if (character === 0) break
    if (character >= 0x80 && character < 0xa0) return WIDE
    state.text[at] = character
    at += 1
  }
  return at
}

function writeUnsigned(state: ReaderState, offset: number, size: number): number {
  const { view, text, textLength } = state
  if (size === 4) return writeDecimal(text, textLength, 0, view.getUint32(offset, true))
  if (size === 2) return writeDecimal(text, textLength, 0, view.getUint16(offset, true))
  if (size === 1) return writeDecimal(text, textLength, 0, view.getUint8(offset))
  if (size !== 8) return INVALID
  return writeDecimal(text, textLength, view.getUint32(offset + 4, true), view.getUint32(offset, true))
}

function writeSigned(state: ReaderState, offset: number, size: number): number {
  const { view } = state
  if (size === 8) return writeSigned64(state, view.getInt32(offset + 4, true), view.getInt32(offset, true))
  if (size !== 4 && size !== 2 && size !== 1) return INVALID
  const low = size === 4 ? view.getInt32(offset, true) : size === 2 ? view.getInt16(offset, true) : view.getInt8(offset)
  return writeSigned64(state, low < 0 ? -1 : 0, low)
}

function writeSigned64({ text, textLength }: ReaderState, high: number, low: number): number {
  if (high >= 0) return writeDecimal(text, textLength, high, low >>> 0)
  text[textLength] = 0x2d
  const negatedLow = -low >>> 0
  return writeDecimal(text, textLength + 1, (negatedLow === 0 ? -high : ~high) >>> 0, negatedLow)
}

/** The shortest decimal that reads back as the same number; xs:float words for the three that have none. */
function writeFloat(state: ReaderState, offset: number, size: number): number {
  if (size !== 4 && size !== 8) return INVALID
  const value = size === 4 ? state.view.getFloat32(offset, true) : state.view.getFloat64(offset, true)
  return writeLatin1(state.text, state.textLength, floatText(value, size === 4))
}

function floatText(value: number, isSingle: boolean): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF'
  if (!isSingle) return Object.is(value, -0) ? '-0' : String(value)
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return Object.is(short, -0) ? '-0' : String(short)
  }
  return String(Number(value.toPrecision(9)))
}

function isZero(state: ReaderState, offset: number, size: number): boolean {
  for (let at = offset; at < offset + size; at += 1) if (state.bytes[at] !== 0) return false
  return true
}
