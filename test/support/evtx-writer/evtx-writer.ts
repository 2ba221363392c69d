/**
 * Writes EVTX files for tests: as many chunks as the records need, string and template tables, checksums. Never shipped.
 * An independent reader accepts what it writes (test/integration/evtx-independent-reader.test.ts).
 */
import { crc32 } from 'node:zlib'
import {
  CHUNK_BYTES,
  CHUNK_HEADER_BYTES,
  CHUNK_MAGIC,
  FILE_HEADER_BYTES,
  FILE_MAGIC,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
} from '../../../collectors/formats/evtx/layout.ts'
import {
  type BinXmlWriter,
  type Definition,
  type Range,
  writeBytes,
  writeFragment,
  writeUInt32,
} from './binxml-writer.ts'
import type { Fragment } from './nodes.ts'

export type RecordSpec = { readonly id: bigint; readonly fragment: Fragment }
/** Where a record stands in the file, and which bytes besides its own its meaning hangs on. */
type WrittenRecord = {
  readonly id: bigint
  readonly offset: number
  readonly size: number
  readonly needs: readonly Range[]
}
export type WrittenEvtx = {
  readonly bytes: Buffer
  readonly records: readonly WrittenRecord[]
  readonly chunkCount: number
}

/** `recordsPerChunk`: start a new chunk after so many, though more would fit. */
export function writeEvtx(records: readonly RecordSpec[], recordsPerChunk = Infinity): WrittenEvtx {
  const chunks: Buffer[] = []
  const written: WrittenRecord[] = []
  let chunk = startChunk()
  for (const record of records) {
    if (chunk.ids.length >= recordsPerChunk || !appendRecord(chunk, record)) {
      chunks.push(sealChunk(chunk))
      chunk = startChunk()
      if (!appendRecord(chunk, record)) throw new RangeError('the record is larger than a chunk')
    }
    const base = FILE_HEADER_BYTES + chunks.length * CHUNK_BYTES
    const needs = chunk.writer.needs.map(({ start, end }) => ({ start: base + start, end: base + end }))
    written.push({
      id: record.id,
      offset: base + chunk.lastOffset,
      size: chunk.writer.position - chunk.lastOffset,
      needs,
    })
  }
  if (chunk.ids.length > 0) chunks.push(sealChunk(chunk))
  const header = fileHeader(chunks.length, (records.at(-1)?.id ?? 0n) + 1n)
  return { bytes: Buffer.concat([header, ...chunks]), records: written, chunkCount: chunks.length }
}

type OpenChunk = { writer: BinXmlWriter; readonly ids: bigint[]; lastOffset: number }

function startChunk(): OpenChunk {
  const bytes = Buffer.alloc(CHUNK_BYTES)
  bytes.write(CHUNK_MAGIC, 'latin1')
  const writer = { bytes, position: CHUNK_HEADER_BYTES, names: new Map(), definitions: new Map(), needs: [] }
  return { writer, ids: [], lastOffset: CHUNK_HEADER_BYTES }
}

/** False, with the chunk as it was, when the record does not fit. */
function appendRecord(chunk: OpenChunk, record: RecordSpec): boolean {
  const { writer } = chunk
  const before = {
    bytes: Buffer.from(writer.bytes),
    names: new Map(writer.names),
    definitions: new Map<string, Definition>(writer.definitions),
  }
  const start = writer.position
  try {
    writer.needs = []
    writeRecord(writer, record)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    before.bytes.copy(writer.bytes)
    chunk.writer = { ...writer, position: start, names: before.names, definitions: before.definitions, needs: [] }
    return false
  }
  chunk.ids.push(record.id)
  chunk.lastOffset = start
  return true
}

function writeRecord(writer: BinXmlWriter, record: RecordSpec): void {
  const start = writer.position
  const header = Buffer.alloc(RECORD_HEADER_BYTES)
  header.writeUInt32LE(RECORD_MAGIC, 0)
  header.writeBigUInt64LE(record.id, 8)
  header.writeBigUInt64LE(TIME_WRITTEN, 16)
  writeBytes(writer, header)
  writeFragment(writer, record.fragment)
  const size = (writer.position - start + 4 + 7) & ~7
  writeBytes(writer, Buffer.alloc(size - 4 - (writer.position - start)))
  writeUInt32(writer, size)
  writer.bytes.writeUInt32LE(size, start + 4)
}

/** 2024-11-15T15:02:03.6949840Z. */
const TIME_WRITTEN = 133761565236949840n

function sealChunk({ writer, ids, lastOffset }: OpenChunk): Buffer {
  const { bytes, position } = writer
  for (const at of [8, 24]) bytes.writeBigUInt64LE(ids[0] ?? 0n, at)
  for (const at of [16, 32]) bytes.writeBigUInt64LE(ids.at(-1) ?? 0n, at)
  bytes.writeUInt32LE(128, 40)
  bytes.writeUInt32LE(lastOffset, 44)
  bytes.writeUInt32LE(position, 48)
  return sealChunkBytes(bytes)
}

/** Makes both checksums of a chunk hold again after its bytes were changed on purpose. */
export function sealChunkBytes(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(CHUNK_HEADER_BYTES, bytes.readUInt32LE(48))), 52)
  bytes.writeUInt32LE(crc32(bytes.subarray(128, 512), crc32(bytes.subarray(0, 120))), 124)
  return bytes
}

/** A sound file header. Readers that believe it read no more than `chunkCount` chunks. */
export function fileHeader(chunkCount: number, nextId: bigint): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES)
  bytes.write(FILE_MAGIC, 'latin1')
  bytes.writeBigUInt64LE(BigInt(Math.max(0, chunkCount - 1)), 16)
  bytes.writeBigUInt64LE(nextId, 24)
  bytes.writeUInt32LE(128, 32)
  bytes.writeUInt16LE(1, 36)
  bytes.writeUInt16LE(3, 38)
  bytes.writeUInt16LE(FILE_HEADER_BYTES, 40)
  bytes.writeUInt16LE(chunkCount, 42)
  return sealFileHeader(bytes)
}

/** Makes the checksum of a file header hold again after its bytes were changed on purpose. */
export function sealFileHeader(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 120)), 124)
  return bytes
}
