/** Reads LZ4 frames, as Kafka producers write them. Source: lz4 doc/lz4_Frame_format.md and lz4_Block_format.md. */
import { repeat } from './decompress-snappy.ts'

const MAGIC = 0x184d2204
const SKIPPABLE_MAGIC = 0x184d2a50
/** Of the descriptor's BD byte, bits 4-6: largest block, in bytes. */
const BLOCK_BYTES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 }
const UNCOMPRESSED = 0x80000000

type Output = { bytes: Buffer; length: number; readonly maxBytes: number }

/** Throws RangeError when the input is no LZ4 frame or grows beyond `maxBytes`. Checksums are not verified: TCP and CRC-32C of the record batch stand for that. */
export function decompressLz4(input: Buffer, maxBytes: number): Buffer {
  const output: Output = { bytes: Buffer.allocUnsafe(Math.min(maxBytes, input.length * 4)), length: 0, maxBytes }
  let at = 0
  while (at < input.length) at = readFrame(input, at, output)
  return output.bytes.subarray(0, output.length)
}

function readFrame(input: Buffer, start: number, output: Output): number {
  const magic = readUInt32(input, start)
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) return start + 8 + readUInt32(input, start + 4)
  if (magic !== MAGIC) throw new RangeError('LZ4: no frame')
  const flags = readByte(input, start + 4)
  const blockBytes = BLOCK_BYTES[(readByte(input, start + 5) >>> 4) & 7]
  if (blockBytes === undefined || flags >>> 6 !== 1) throw new RangeError('LZ4: an unknown version or block size')
  const hasBlockChecksum = (flags & 0x10) !== 0
  const hasContentSize = (flags & 0x08) !== 0
  const hasContentChecksum = (flags & 0x04) !== 0
  if ((flags & 0x01) !== 0) throw new RangeError('LZ4: needs a dictionary')
  let at = start + 6 + (hasContentSize ? 8 : 0) + 1
  for (;;) {
    const size = readUInt32(input, at)
    at += 4
    if (size === 0) return at + (hasContentChecksum ? 4 : 0)
    const length = size % UNCOMPRESSED
    if (length > blockBytes || at + length > input.length) throw new RangeError('LZ4: a block ends early')
    const block = input.subarray(at, at + length)
    makeRoom(output, blockBytes)
    if (size >= UNCOMPRESSED) output.length += block.copy(output.bytes, output.length)
    else readBlock(block, output, output.length + blockBytes)
    at += length + (hasBlockChecksum ? 4 : 0)
  }
}

/** Sequences of a literal and a copy; copies may reach back into earlier blocks. */
function readBlock(block: Buffer, output: Output, limit: number): void {
  let at = 0
  let to = output.length
  const end = Math.min(limit, output.bytes.length)
  for (;;) {
    const token = readByte(block, at++)
    const literal = longLength(block, at, token >>> 4)
    at = literal.next
    if (at + literal.length > block.length || to + literal.length > end) throw new RangeError('LZ4: a literal too long')
    block.copy(output.bytes, to, at, at + literal.length)
    at += literal.length
    to += literal.length
    if (at === block.length) break
    const offset = readByte(block, at) | (readByte(block, at + 1) << 8)
    const copy = longLength(block, at + 2, token & 15)
    at = copy.next
    const length = copy.length + 4
    if (offset === 0 || to + length > end) throw new RangeError('LZ4: a copy out of bounds')
    repeat(output.bytes, to, offset, length)
    to += length
  }
  output.length = to
}

/** 15 says that bytes follow which are added, up to the first that is not 255. */
function longLength(block: Buffer, start: number, nibble: number): { length: number; next: number } {
  let length = nibble
  let at = start
  if (nibble === 15) {
    let byte: number
    do {
      byte = readByte(block, at++)
      length += byte
    } while (byte === 255)
  }
  return { length, next: at }
}

/** A block may end beyond the limit only by what fits: then readBlock refuses it. */
function makeRoom(output: Output, bytes: number): void {
  const wanted = output.length + bytes
  if (output.length >= output.maxBytes) throw new RangeError(`LZ4: more than the ${output.maxBytes} bytes allowed`)
  if (wanted <= output.bytes.length) return
  const grown = Buffer.allocUnsafe(Math.min(Math.max(wanted, output.bytes.length * 2), output.maxBytes))
  output.bytes.copy(grown, 0, 0, output.length)
  output.bytes = grown
}

function readByte(input: Buffer, at: number): number {
  const byte = input[at]
  if (byte === undefined) throw new RangeError('LZ4: ends early')
  return byte
}

function readUInt32(input: Buffer, at: number): number {
  if (at + 4 > input.length) throw new RangeError('LZ4: ends early')
  return input.readUInt32LE(at)
}
