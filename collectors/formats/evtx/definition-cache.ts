/**
 * Compiled template definitions across chunks. Every chunk repeats the definitions it uses, but not byte for byte: names
 * are offsets into the chunk's own string table, stand in the definition only where the chunk first uses them, and move
 * the sizes around them. So a definition is the same as a known one when its GUID is, and all its bytes but those sizes
 * are, and every name reads the same. The GUID alone would not do: one that means two things would mix up fields.
 */
import { nameAt, nameEntryBytes } from './names.ts'
import type { Plan } from './plan.ts'
import type { DefinitionTrace, KnownDefinition, ReaderState } from './reader-state.ts'

/** No honest file comes near; a hostile one only makes the cache start anew. */
const MAX_CACHED_BYTES = 4 * 1024 * 1024
/** Definitions kept under one GUID: more than one is a rarity, many are an attack. */
const MAX_SAME_GUID = 8
const SIZE_BYTES = 4

/** Plan of the definition whose body stands from `start` to `end` of the chunk, if it is the same as a known one. */
export function findDefinition(state: ReaderState, guid: string, start: number, end: number): Plan | undefined {
  return state.definitions.get(guid)?.find((known) => isSame(state, known, start, end))?.plan
}

/** Keeps the plan of that definition; `trace`: what was read where in it. */
export function keepDefinition(
  state: ReaderState,
  guid: string,
  start: number,
  end: number,
  plan: Plan,
  trace: DefinitionTrace,
): void {
  if (state.definitionBytes > MAX_CACHED_BYTES) {
    state.definitions.clear()
    state.definitionBytes = 0
  }
  state.definitionBytes += end - start
  const known = { plan, trace, body: Buffer.from(state.bytes.subarray(start, end)) }
  const others = state.definitions.get(guid) ?? []
  if (others.push(known) > MAX_SAME_GUID) others.shift()
  state.definitions.set(guid, others)
}

/** Reads alongside: what counts in the known body must stand here too, with sizes and name entries passed over. */
function isSame(state: ReaderState, { trace, body }: KnownDefinition, start: number, end: number): boolean {
  const { starts, ends, names } = trace
  const { bytes } = state
  let at = start
  for (let stretch = 0; stretch < starts.length; stretch += 1) {
    const to = ends[stretch] as number
    const length = to - (starts[stretch] as number)
    if (at + length + SIZE_BYTES > end) return false
    for (let from = starts[stretch] as number; from < to; from += 1, at += 1) {
      if (body[from] !== bytes[at]) return false
    }
    const name = names[stretch]
    const offset = name === undefined ? 0 : state.view.getUint32(at, true)
    at += SIZE_BYTES
    if (name === undefined) continue
    if (nameAt(state, offset) !== name) {
      state.fault = ''
      return false
    }
    if (offset === at) at += nameEntryBytes(state, offset)
  }
  return isSameRest(state, body, trace.end, at, end)
}

/** The bytes behind the last name, up to where the element ended. */
function isSameRest(
  state: ReaderState,
  body: Buffer,
  bodyEnd: DefinitionTrace['end'],
  start: number,
  end: number,
): boolean {
  const length = bodyEnd.element - bodyEnd.lastName
  return (
    start + length <= end && body.compare(state.bytes, start, start + length, bodyEnd.lastName, bodyEnd.element) === 0
  )
}
