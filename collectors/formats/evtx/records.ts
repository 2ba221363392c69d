/** Finds the records of a chunk, by their sizes where these hold and by their signatures where they do not. */
import { CHUNK_HEADER_BYTES, RECORD_MAGIC, RECORD_MIN_BYTES } from './layout.ts'
import type { ChunkHeader } from './chunk.ts'

/** A record, or a stretch where one should be. Offsets and sizes in bytes, from the start of the chunk. */
export type Stretch =
  | {
      readonly kind: 'record'
      readonly offset: number
      readonly size: number
      /** Its size stands at its end too, as it should. */
      readonly isWhole: boolean
    }
  | { readonly kind: 'gap'; readonly offset: number; readonly size: number; readonly reason: string }

const MAGIC_BYTES = Buffer.from('**\0\0', 'latin1')

/** All stretches of the chunk up to its free space, in order. What lies in the free space are remains, not records. */
export function findRecords(chunk: Buffer, header: ChunkHeader): Stretch[] {
  const stretches: Stretch[] = []
  const isEndKnown = (header.isHeaderGood || header.areRecordsGood) && header.freeOffset >= CHUNK_HEADER_BYTES
  const end = isEndKnown ? Math.min(header.freeOffset, chunk.length) : chunk.length
  let lastId = 0n
  let at = CHUNK_HEADER_BYTES
  while (at < end) {
    const size = wholeRecordSize(chunk, at, chunk.length)
    if (size > 0) {
      lastId = recordId(chunk, at)
      stretches.push({ kind: 'record', offset: at, size, isWhole: true })
      at += size
      continue
    }
    const next = nextWholeRecord(chunk, at + 1, end, isEndKnown ? -1n : lastId)
    if (next < 0 && !isEndKnown && !startsWithMagic(chunk, at)) break
    at = addBroken(stretches, chunk, at, next < 0 ? end : next)
  }
  if (at >= end) addLateRecords(stretches, chunk, at, lastId)
  return stretches
}

/**
 * The stretch from `at` to the next record: a record whose end is spoilt but whose size is believable, then the rest of
 * it as a gap; or a gap only. Returns where the next record starts.
 */
function addBroken(stretches: Stretch[], chunk: Buffer, at: number, next: number): number {
  if (!startsWithMagic(chunk, at)) {
    stretches.push({ kind: 'gap', offset: at, size: next - at, reason: 'no record starts here' })
    return next
  }
  const size = at + 8 <= chunk.length ? chunk.readUInt32LE(at + 4) : 0
  if (size < RECORD_MIN_BYTES || size > next - at) {
    const reason = size === 0 ? 'a record of size zero' : `a record that claims ${size} bytes`
    const isCut = size > chunk.length - at && next === chunk.length
    stretches.push({
      kind: 'gap',
      offset: at,
      size: next - at,
      reason: isCut ? 'the record ends in the middle' : reason,
    })
    return next
  }
  stretches.push({ kind: 'record', offset: at, size, isWhole: false })
  const rest = next - at - size
  if (rest > 0) stretches.push({ kind: 'gap', offset: at + size, size: rest, reason: 'no record starts here' })
  return next
}

/** Records behind the known end that go on counting: the chunk was copied before its header caught up. */
function addLateRecords(stretches: Stretch[], chunk: Buffer, end: number, lastId: bigint): void {
  let at = end
  let nextId = lastId + 1n
  for (let size = wholeRecordSize(chunk, at, chunk.length); size > 0; size = wholeRecordSize(chunk, at, chunk.length)) {
    if (recordId(chunk, at) !== nextId) return
    stretches.push({ kind: 'record', offset: at, size, isWhole: true })
    at += size
    nextId += 1n
  }
}

/** Start of the next whole record in [from, end) with an id beyond `lastId`; -1 when there is none. */
function nextWholeRecord(chunk: Buffer, from: number, end: number, lastId: bigint): number {
  for (let at = chunk.indexOf(MAGIC_BYTES, from); at >= 0 && at < end; at = chunk.indexOf(MAGIC_BYTES, at + 1)) {
    if (wholeRecordSize(chunk, at, end) > 0 && recordId(chunk, at) > lastId) return at
  }
  return -1
}

/** Size of the record at `at` when its signature is there and both its sizes agree; else 0. */
function wholeRecordSize(chunk: Buffer, at: number, end: number): number {
  if (!startsWithMagic(chunk, at) || at + RECORD_MIN_BYTES > end) return 0
  const size = chunk.readUInt32LE(at + 4)
  if (size < RECORD_MIN_BYTES || size > end - at) return 0
  return chunk.readUInt32LE(at + size - 4) === size ? size : 0
}

function startsWithMagic(chunk: Buffer, at: number): boolean {
  return at + 4 <= chunk.length && chunk.readUInt32LE(at) === RECORD_MAGIC
}

function recordId(chunk: Buffer, at: number): bigint {
  return chunk.readBigUInt64LE(at + 8)
}
