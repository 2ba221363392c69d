/**
 * Element and attribute names in the chunk's string table. An entry: offset of the next with the same hash (4), hash (2),
 * characters (2), UTF-16 text, two zero bytes.
 */
import { VALUE } from './layout.ts'
import { fail, type ReaderState, spend } from './reader-state.ts'
import { valueText } from './value-text.ts'

const ENTRY_HEADER_BYTES = 8
const ENTRY_END_BYTES = 2

/** The name whose entry stands at `offset` of the chunk; undefined, with the state's fault set, when none can. */
export function nameAt(state: ReaderState, offset: number): string | undefined {
  const known = state.names.get(offset)
  if (known !== undefined) return known
  const text = offset + ENTRY_HEADER_BYTES
  const bytes = text <= state.bytes.length ? textBytes(state, offset) : 0
  if (text + bytes > state.bytes.length || !spend(state, bytes)) {
    fail(state, 'a name stands outside the chunk')
    return undefined
  }
  const name = valueText(state, VALUE.string, text, bytes)
  state.names.set(offset, name)
  return name
}

/** Length of the whole entry at `offset`, which `nameAt` has read. */
export function nameEntryBytes(state: ReaderState, offset: number): number {
  return ENTRY_HEADER_BYTES + textBytes(state, offset) + ENTRY_END_BYTES
}

function textBytes(state: ReaderState, offset: number): number {
  return state.view.getUint16(offset + 6, true) * 2
}
