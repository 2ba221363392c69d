/** A chunk's header: is it one, what it says of its records, and do its checksums hold. */
import { crc32 } from 'node:zlib'
import { CHUNK_BYTES, CHUNK_HEADER_BYTES, CHUNK_MAGIC } from './layout.ts'

export type ChunkHeader = {
  /** Where the next record would go, from the start of the chunk. */
  readonly freeOffset: number
  readonly isHeaderGood: boolean
  /** Does the checksum over the records, up to `freeOffset`, hold? */
  readonly areRecordsGood: boolean
}

const CHUNK_MAGIC_BYTES = Buffer.from(CHUNK_MAGIC, 'latin1')
/** Offsets in the chunk header ([libyal] EVTX, measured on real files). */
const FREE_OFFSET = 48
const RECORDS_CHECKSUM = 52
const FLAGS = 120
const HEADER_CHECKSUM = 124
const TABLES = 128

export function startsWithChunkMagic(bytes: Buffer): boolean {
  return bytes.length >= 8 && bytes.compare(CHUNK_MAGIC_BYTES, 0, 8, 0, 8) === 0
}

export function readChunkHeader(chunk: Buffer): ChunkHeader {
  const freeOffset = chunk.length >= CHUNK_HEADER_BYTES ? chunk.readUInt32LE(FREE_OFFSET) : 0
  const isPlausible = freeOffset >= CHUNK_HEADER_BYTES && freeOffset <= chunk.length
  const checksum = isPlausible ? crc32(chunk.subarray(CHUNK_HEADER_BYTES, freeOffset)) : -1
  return {
    freeOffset,
    isHeaderGood: isChunkHeaderGood(chunk, 0),
    areRecordsGood: isPlausible && checksum === chunk.readUInt32LE(RECORDS_CHECKSUM),
  }
}

function isChunkHeaderGood(bytes: Buffer, offset: number): boolean {
  if (offset + CHUNK_HEADER_BYTES > bytes.length) return false
  const checksum = crc32(
    bytes.subarray(offset + TABLES, offset + CHUNK_HEADER_BYTES),
    crc32(bytes.subarray(offset, offset + FLAGS)),
  )
  return checksum === bytes.readUInt32LE(offset + HEADER_CHECKSUM)
}

/** Where, from `from` on, a chunk with a sound header starts; -1 when none does. Bytes went missing or came in before it. */
export function findChunk(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(CHUNK_MAGIC_BYTES, from); at >= 0; at = bytes.indexOf(CHUNK_MAGIC_BYTES, at + 1)) {
    if (isChunkHeaderGood(bytes, at)) return at
  }
  return -1
}

const ZEROS = Buffer.alloc(CHUNK_BYTES)

/** Are the bytes, at most a chunk of them, all zero? */
export function isAllZero(bytes: Buffer): boolean {
  return bytes.equals(ZEROS.subarray(0, bytes.length))
}
