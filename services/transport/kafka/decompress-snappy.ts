/**
 * Reads Snappy: plain blocks (librdkafka's programs) and the framing of snappy-java (Java's), which is a header and blocks
 * with their lengths. Source: google/snappy format_description.txt; snappy-java SnappyOutputStream.
 */

/** 0x82 "SNAPPY" 0x00, then version and compatible version (4 bytes each). */
const FRAME_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const FRAME_HEADER_BYTES = 16

/** Throws RangeError when the input is no Snappy or grows beyond `maxBytes`. */
export function decompressSnappy(input: Buffer, maxBytes: number): Buffer {
  if (!input.subarray(0, FRAME_MAGIC.length).equals(FRAME_MAGIC)) return readBlock(input, maxBytes)
  const blocks: Buffer[] = []
  let left = maxBytes
  for (let at = FRAME_HEADER_BYTES; at < input.length;) {
    if (at + 4 > input.length) throw new RangeError('Snappy: a block has no length')
    const length = input.readUInt32BE(at)
    at += 4
    if (at + length > input.length) throw new RangeError('Snappy: a block ends early')
    const block = readBlock(input.subarray(at, at + length), left)
    blocks.push(block)
    left -= block.length
    at += length
  }
  return blocks.length === 1 && blocks[0] !== undefined ? blocks[0] : Buffer.concat(blocks)
}

function readBlock(input: Buffer, maxBytes: number): Buffer {
  const { value: size, next } = readVarint(input)
  if (size > maxBytes) throw new RangeError(`Snappy: ${size} bytes are more than the ${maxBytes} allowed`)
  // No block grows by more than its longest copy (64 bytes out of 3); a size beyond that is made up.
  if (size > input.length * 32) throw new RangeError('Snappy: the stated size cannot be reached')
  const output = Buffer.allocUnsafe(size)
  let at = next
  let to = 0
  while (at < input.length) {
    const tag = input[at] as number
    const element = (tag & 3) === 0 ? literalAt(input, at, tag) : copyAt(input, at, tag)
    if (to + element.length > size) throw new RangeError('Snappy: more bytes than stated')
    if (element.offset === 0) {
      if (element.next + element.length > input.length) throw new RangeError('Snappy: a literal ends early')
      input.copy(output, to, element.next, element.next + element.length)
      at = element.next + element.length
    } else {
      repeat(output, to, element.offset, element.length)
      at = element.next
    }
    to += element.length
  }
  if (to !== size) throw new RangeError('Snappy: fewer bytes than stated')
  return output
}

/** `offset` 0: a literal that begins at `next`; else copy from so many bytes back. */
type Element = { readonly length: number; readonly offset: number; readonly next: number }

function literalAt(input: Buffer, at: number, tag: number): Element {
  const short = tag >>> 2
  if (short < 60) return { length: short + 1, offset: 0, next: at + 1 }
  const lengthBytes = short - 59
  return { length: readLittleEndian(input, at + 1, lengthBytes) + 1, offset: 0, next: at + 1 + lengthBytes }
}

function copyAt(input: Buffer, at: number, tag: number): Element {
  const kind = tag & 3
  const element =
    kind === 1
      ? { length: ((tag >>> 2) & 7) + 4, offset: ((tag >>> 5) << 8) | readLittleEndian(input, at + 1, 1), next: at + 2 }
      : kind === 2
        ? { length: (tag >>> 2) + 1, offset: readLittleEndian(input, at + 1, 2), next: at + 3 }
        : { length: (tag >>> 2) + 1, offset: readLittleEndian(input, at + 1, 4), next: at + 5 }
  if (element.offset === 0) throw new RangeError('Snappy: a copy of nothing')
  return element
}

function readLittleEndian(input: Buffer, at: number, bytes: number): number {
  if (at + bytes > input.length) throw new RangeError('Snappy: ends in the middle of an element')
  return input.readUIntLE(at, bytes)
}

function readVarint(input: Buffer): { value: number; next: number } {
  let value = 0
  for (let at = 0; at < 5 && at < input.length; at++) {
    const byte = input[at] as number
    value += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return { value, next: at + 1 }
  }
  throw new RangeError('Snappy: no size')
}

/** A copy may reach into what it writes itself: then the stretch repeats. */
export function repeat(output: Buffer, to: number, offset: number, length: number): void {
  const from = to - offset
  if (from < 0) throw new RangeError('a copy from before the start')
  if (offset >= length) {
    output.copyWithin(to, from, from + length)
    return
  }
  for (let at = 0; at < length; at++) output[to + at] = output[from + at] as number
}
