/** The file header: is it EVTX, is it sound, and what it says that matters. Reading goes on whatever it says. */
import { crc32 } from 'node:zlib'
import type { Damage } from '../format.ts'
import { FILE_HEADER_BYTES, FILE_HEADER_CHECKED_BYTES, FILE_MAGIC } from './layout.ts'

export type FileHeader = {
  /** Chunks that the header counts; 0 when it cannot be trusted. Stale in a file that is still open. */
  readonly chunkCount: number
  readonly damage: readonly Damage[]
}

const FILE_MAGIC_BYTES = Buffer.from(FILE_MAGIC, 'latin1')
/** Offsets in the file header, and the bytes of it that mean something. */
const MINOR_VERSION = 36
const MAJOR_VERSION = 38
const CHUNK_COUNT = 42
const FLAGS = 120
const CHECKSUM = 124
const USED_BYTES = 128
const DIRTY = 1

export function startsWithFileMagic(head: Uint8Array): boolean {
  return head.length >= 8 && FILE_MAGIC_BYTES.equals(head.subarray(0, 8))
}

export function checkFileHeader(head: Buffer): FileHeader {
  const damage = (offset: number, length: number, reason: string): Damage => ({
    kind: 'damage',
    offset,
    length,
    reason,
  })
  const length = Math.min(head.length, FILE_HEADER_BYTES)
  if (!startsWithFileMagic(head)) {
    return { chunkCount: 0, damage: [damage(0, length, 'not an EVTX file: the signature ElfFile is missing')] }
  }
  if (length < USED_BYTES) return { chunkCount: 0, damage: [damage(0, length, 'the file ends inside its header')] }
  const found: Damage[] = []
  const isSound = crc32(head.subarray(0, FILE_HEADER_CHECKED_BYTES)) === head.readUInt32LE(CHECKSUM)
  if (!isSound) found.push(damage(0, USED_BYTES, "the file header's checksum does not hold"))
  const [major, minor] = [head.readUInt16LE(MAJOR_VERSION), head.readUInt16LE(MINOR_VERSION)]
  if (major !== 3 || minor > 2) {
    found.push(damage(MINOR_VERSION, 4, `EVTX version ${major}.${minor} is not known; it was read like 3.2`))
  }
  if ((head.readUInt32LE(FLAGS) & DIRTY) !== 0) {
    found.push(
      damage(FLAGS, 4, 'the file is marked as in use: it was copied while open, or not closed; read to its end'),
    )
  }
  return { chunkCount: isSound ? head.readUInt16LE(CHUNK_COUNT) : 0, damage: found }
}
