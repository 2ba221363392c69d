/** Writes GUIDs and SIDs as Latin-1 text into the state's buffer and returns the position after them. */
import { writeByte, writeDecimal, writeHex } from './number-writer.ts'
import type { ReaderState } from './reader-state.ts'

/** The bytes of a GUID in the order in which they are printed; a hyphen stands before those of `HYPHENS`. */
const GUID_ORDER = Uint8Array.of(3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15)
const HYPHEN = 0x2d
const MAX_SUB_AUTHORITIES = 15

/** In braces and upper case, as Windows prints a value (`isValue`); else bare and in lower case, as `activity_id` is. */
export function writeGuid(state: ReaderState, at: number, offset: number, isValue: boolean): number {
  const { text, bytes } = state
  let position = at
  if (isValue) text[position++] = 0x7b
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text[position++] = HYPHEN
    position = writeByte(text, position, bytes[offset + (GUID_ORDER[index] as number)] as number, isValue)
  }
  if (isValue) text[position++] = 0x7d
  return position
}

/** Bytes of the SID that starts at `offset` with at most `size` bytes; 0 when it does not fit or is none. */
export function sidLength(state: ReaderState, offset: number, size: number): number {
  if (size < 8) return 0
  const count = state.view.getUint8(offset + 1)
  const length = 8 + 4 * count
  return count <= MAX_SUB_AUTHORITIES && length <= size ? length : 0
}

/**
 * `S-1-5-21-…`; the authority is big-endian, and printed in hex from 2^32 on ([MS-DTYP] 2.4.2.1). -1 when the `size`
 * bytes are no SID; bytes after it are passed over, as Windows does.
 */
export function writeSid(state: ReaderState, at: number, offset: number, size: number): number {
  const length = sidLength(state, offset, size)
  if (length === 0) return -1
  const { text, view } = state
  text[at] = 0x53
  text[at + 1] = HYPHEN
  let position = writeDecimal(text, at + 2, 0, view.getUint8(offset))
  text[position++] = HYPHEN
  const high = view.getUint16(offset + 2)
  const low = view.getUint32(offset + 4)
  position = high === 0 ? writeDecimal(text, position, 0, low) : writeHex(text, position, high, low)
  for (let sub = offset + 8; sub < offset + length; sub += 4) {
    text[position++] = HYPHEN
    position = writeDecimal(text, position, 0, view.getUint32(sub, true))
  }
  return position
}
