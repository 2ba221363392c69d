/** Reads one chunk: its records as events, and what is broken in it as damage, in the order of the file. */
import type { Damage, Decoded, FormatContext } from '../format.ts'
import type { ChunkHeader } from './chunk.ts'
import { CHUNK_BYTES, CHUNK_HEADER_BYTES } from './layout.ts'
import { createEventReader, type Reading } from './read-event.ts'
import { createReaderState, enterChunk } from './reader-state.ts'
import { findRecords, type Stretch } from './records.ts'

/** `chunk` belongs to the reader from now on: events hand out its bytes later. `offset`: where it stands in the file. */
export type ReadChunk = (chunk: Buffer, header: ChunkHeader, offset: number) => Generator<readonly Decoded[]>

/** Text after which a batch is handed over though its chunk goes on: no chunk may pile up more. */
const BATCH_WORK = 4 * 1024 * 1024

export function createChunkReader({ receivedAt }: FormatContext): ReadChunk {
  const state = createReaderState()
  const reader = createEventReader(state)

  return function* readChunk(chunk, header, offset) {
    enterChunk(state, chunk)
    let batch: Decoded[] = checksumDamage(chunk, header, offset)
    let work = 0
    for (const stretch of findRecords(chunk, header)) {
      if (stretch.kind === 'gap') {
        batch.push(damage(offset + stretch.offset, stretch.size, stretch.reason))
        continue
      }
      addReading(batch, reader.readEvent(stretch.offset, stretch.size, receivedAt), stretch, chunk, offset)
      work += state.recordWork
      if (work > BATCH_WORK) {
        yield batch
        batch = []
        work = 0
      }
    }
    if (batch.length > 0) yield batch
  }
}

function addReading(
  batch: Decoded[],
  reading: Reading,
  record: Stretch & { kind: 'record' },
  chunk: Buffer,
  chunkOffset: number,
): void {
  const { size } = record
  const offset = chunkOffset + record.offset
  const bytes = () => Uint8Array.prototype.slice.call(chunk, record.offset, record.offset + size)
  if (reading.kind === 'damage') {
    batch.push(damage(offset, size, reading.reason))
    return
  }
  if (reading.kind === 'reject') {
    const { reason, detail } = reading
    batch.push({ kind: 'reject', reason, detail, offset, bytes: bytes(), length: size, shipper: 'evtx' })
    return
  }
  batch.push({ kind: 'event', event: reading.event, offset, bytes })
  if (reading.fault !== '') {
    batch.push(damage(offset, size, `the event was kept, but not all of its data could be read: ${reading.fault}`))
  } else if (!record.isWhole) {
    batch.push(damage(offset + size - 4, 4, "the record's sizes at its start and end differ: its end may be spoilt"))
  }
}

/** Checksums that do not hold. The records are read all the same: each is checked on its own. */
function checksumDamage(chunk: Buffer, header: ChunkHeader, offset: number): Decoded[] {
  const found: Decoded[] = []
  if (chunk.length < CHUNK_HEADER_BYTES) {
    return [damage(offset, chunk.length, 'the file ends inside a chunk header')]
  }
  if (!header.isHeaderGood) {
    found.push(damage(offset, CHUNK_HEADER_BYTES, "the chunk header's checksum does not hold; its records were read"))
  }
  if (chunk.length < CHUNK_BYTES && header.freeOffset > chunk.length) {
    const reason = `the chunk ends after ${chunk.length} of its ${CHUNK_BYTES} bytes; the records up to there were read`
    found.push(damage(offset, chunk.length, reason))
  } else if (!header.areRecordsGood) {
    const end =
      header.freeOffset > CHUNK_HEADER_BYTES && header.freeOffset <= chunk.length ? header.freeOffset : chunk.length
    const reason = "the checksum over the chunk's records does not hold; they were read one by one"
    found.push(damage(offset + CHUNK_HEADER_BYTES, end - CHUNK_HEADER_BYTES, reason))
  }
  return found
}

function damage(offset: number, length: number, reason: string): Damage {
  return { kind: 'damage', offset, length, reason }
}
