/**
 * What the parts of the reader share while they read one chunk after the other: the chunk, what was learnt from it, and
 * reused working memory. The parts are functions over this one object, so that the hot path allocates nothing but the
 * events. A part that meets bytes it cannot read sets `fault` (the first one counts) and returns; nobody throws.
 */
import type { Plan } from './plan.ts'

/** The values of one template instance: where they stand in the chunk, and of which type they are. */
export type Frame = {
  count: number
  offsets: Int32Array
  sizes: Int32Array
  types: Uint8Array
}

/**
 * What was read where in a definition, relative to its start: stretches of bytes that count, each followed by a name or,
 * where `names` has undefined, by a size of four bytes. `end`: the bytes behind the last of them, to the element's end.
 */
export type DefinitionTrace = {
  readonly starts: number[]
  readonly ends: number[]
  readonly names: (string | undefined)[]
  readonly end: { lastName: number; element: number }
}

/** A definition compiled in an earlier chunk; `body` as it stood there. */
export type KnownDefinition = { readonly plan: Plan; readonly trace: DefinitionTrace; readonly body: Buffer }

export type ReaderState = {
  /** The chunk at hand, at most 64 KiB; everything in it is addressed from its start. */
  bytes: Buffer
  view: DataView
  /** Element and attribute names by their offset in the chunk. */
  readonly names: Map<number, string>
  /** Compiled template definitions by their offset in the chunk; a text says why one cannot be read. */
  readonly plans: Map<number, Plan | string>
  /** Compiled template definitions of all chunks by GUID, and how many bytes they had. */
  readonly definitions: Map<string, KnownDefinition[]>
  definitionBytes: number
  /** The text of the record at hand, as Latin-1, and where each slot's text stands in it. */
  readonly text: Buffer
  textLength: number
  starts: Int32Array
  /** End of the slot's text in `text`; -1-n: it is `wide[n]`. */
  ends: Int32Array
  /** Texts with characters beyond Latin-1. */
  readonly wide: string[]
  readonly frames: Frame[]
  /** Bytes of text made and of BinXML parsed: for this record, and for this chunk before it. */
  recordWork: number
  chunkWork: number
  /** Why the record at hand cannot be read; '' when nothing is wrong. */
  fault: string
}

/** What a record, and all records of a chunk together, may expand to; no honest 64 KiB chunk comes near. */
const MAX_RECORD_WORK = 1024 * 1024
const MAX_CHUNK_WORK = 32 * 1024 * 1024

const TEXT_MARGIN = 1024

export function createReaderState(): ReaderState {
  const empty = Buffer.alloc(0)
  return {
    bytes: empty,
    view: new DataView(empty.buffer, 0, 0),
    names: new Map(),
    plans: new Map(),
    definitions: new Map(),
    definitionBytes: 0,
    text: Buffer.allocUnsafeSlow(MAX_RECORD_WORK + TEXT_MARGIN),
    textLength: 0,
    starts: new Int32Array(256),
    ends: new Int32Array(256),
    wide: [],
    frames: [],
    recordWork: 0,
    chunkWork: 0,
    fault: '',
  }
}

/** Makes `bytes` the chunk at hand and forgets what was learnt from the one before. */
export function enterChunk(state: ReaderState, bytes: Buffer): void {
  state.bytes = bytes
  state.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  state.names.clear()
  state.plans.clear()
  state.chunkWork = 0
  state.recordWork = 0
}

export function enterRecord(state: ReaderState): void {
  state.chunkWork += state.recordWork
  state.recordWork = 0
  state.textLength = 0
  state.fault = ''
  if (state.wide.length > 0) state.wide.length = 0
}

/** Counts work and says whether it is still within bounds; a hostile file would otherwise grow without end. */
export function spend(state: ReaderState, amount: number): boolean {
  state.recordWork += amount
  if (!isSpent(state)) return true
  return fail(state, 'the record expands to more than 1 MiB of text, or its chunk to more than 32 MiB')
}

export function isSpent(state: ReaderState): boolean {
  return state.recordWork > MAX_RECORD_WORK || state.chunkWork > MAX_CHUNK_WORK
}

/** Notes the first fault; always false. */
export function fail(state: ReaderState, fault: string): false {
  if (state.fault === '') state.fault = fault
  return false
}

/** The frame for template instances nested `depth` deep; one is reused for all instances of that depth. */
export function frameAt(state: ReaderState, depth: number): Frame {
  let frame = state.frames[depth]
  if (frame === undefined) {
    frame = { count: 0, offsets: new Int32Array(64), sizes: new Int32Array(64), types: new Uint8Array(64) }
    state.frames[depth] = frame
  }
  return frame
}

export function growFrame(frame: Frame, count: number): void {
  const room = Math.max(count, frame.offsets.length * 2)
  frame.offsets = new Int32Array(room)
  frame.sizes = new Int32Array(room)
  frame.types = new Uint8Array(room)
}

export function growSlots(state: ReaderState, count: number): void {
  const room = Math.max(count, state.starts.length * 2)
  const starts = new Int32Array(room)
  const ends = new Int32Array(room)
  starts.set(state.starts)
  ends.set(state.ends)
  state.starts = starts
  state.ends = ends
}
