/**
 * Windows' binary event log (.evtx), straight to events: no XML in between, one chunk of 64 KiB at a time. A chunk is
 * self-contained, so whatever is broken costs only what it covers; how damage is read around: docs/decisions/0003.
 */
import type { Decoded, Format, FormatContext } from '../format.ts'
import { type ByteWindow, createByteWindow } from './byte-window.ts'
import { findChunk, readChunkHeader, startsWithChunkMagic } from './chunk.ts'
import { checkFileHeader, startsWithFileMagic } from './file-header.ts'
import { createGaps } from './gaps.ts'
import { CHUNK_BYTES, CHUNK_HEADER_BYTES, FILE_HEADER_BYTES } from './layout.ts'
import { createChunkReader } from './read-chunk.ts'

export const evtx: Format = { name: 'evtx', matches: startsWithFileMagic, decode: decodeEvtx }

/** A look past the chunk, so that the header of one that starts late can be checked whole. */
const LOOK_AHEAD = CHUNK_BYTES + CHUNK_HEADER_BYTES

async function* decodeEvtx(
  input: AsyncIterable<Uint8Array>,
  context: FormatContext,
): AsyncGenerator<readonly Decoded[]> {
  const window = createByteWindow(input, 4 * CHUNK_BYTES)
  try {
    yield* decodeWindow(window, context)
  } finally {
    await window.close()
  }
}

async function* decodeWindow(window: ByteWindow, context: FormatContext): AsyncGenerator<readonly Decoded[]> {
  let ahead = await window.peek(LOOK_AHEAD)
  const header = checkFileHeader(ahead)
  if (header.damage.length > 0) yield header.damage
  window.advance(fileHeaderLength(ahead))
  const readChunk = createChunkReader(context)
  const gaps = createGaps(header.chunkCount)
  for (ahead = await window.peek(LOOK_AHEAD); ahead.length > 0; ahead = await window.peek(LOOK_AHEAD)) {
    const offset = window.offset()
    if (startsWithChunkMagic(ahead)) {
      const before = gaps.endAtChunk()
      if (before.length > 0) yield before
      const { chunk, header } = cutChunk(ahead)
      window.advance(chunk.length)
      yield* readChunk(chunk, header, offset)
    } else {
      const next = findChunk(ahead, 1)
      const length = Math.min(next < 0 ? CHUNK_BYTES : next, CHUNK_BYTES, ahead.length)
      gaps.add(offset, ahead.subarray(0, length))
      window.advance(length)
    }
  }
  const rest = gaps.endOfFile()
  if (rest.length > 0) yield rest
}

/** 4096 bytes, unless the first chunk starts earlier because bytes are missing. */
function fileHeaderLength(ahead: Buffer): number {
  if (startsWithChunkMagic(ahead.subarray(FILE_HEADER_BYTES))) return FILE_HEADER_BYTES
  const first = findChunk(ahead, 0)
  return Math.min(first < 0 ? FILE_HEADER_BYTES : first, FILE_HEADER_BYTES, ahead.length)
}

/** A copy of the chunk: 64 KiB, unless the next one starts inside it because bytes are missing. */
function cutChunk(ahead: Buffer) {
  const slot = ahead.subarray(0, CHUNK_BYTES)
  const header = readChunkHeader(slot)
  const isSound = header.isHeaderGood && header.areRecordsGood
  if (isSound && startsWithChunkMagic(ahead.subarray(CHUNK_BYTES))) return { chunk: Buffer.from(slot), header }
  const next = findChunk(ahead, isSound ? header.freeOffset : CHUNK_HEADER_BYTES)
  if (next < 0 || next >= slot.length) return { chunk: Buffer.from(slot), header }
  const chunk = Buffer.from(slot.subarray(0, next))
  return { chunk, header: readChunkHeader(chunk) }
}
