import { describe, expect, it } from 'vitest'
import { decompressLz4 } from '../../../../../services/transport/kafka/decompress-lz4.ts'
import { decompressSnappy } from '../../../../../services/transport/kafka/decompress-snappy.ts'

const MAX = 1024 * 1024
/** Written by hand from the formats' descriptions; the integration tests read what Java's client wrote. */
const snappyBlock = Buffer.from([
  ...[21], // size
  ...[4 << 2, ...Buffer.from('abcde')], // a literal of 5
  ...[((8 - 4) << 2) | 1, 5], // 8 bytes from 5 back: it repeats itself
  ...[((4 - 1) << 2) | 2, 13, 0], // 4 from 13 back, two bytes of offset
  ...[((4 - 1) << 2) | 3, 4, 0, 0, 0], // 4 from 4 back, four bytes of offset
])
const snappyText = 'abcdeabcdeabcabcdabcd'
const framed = (...blocks: Buffer[]) =>
  Buffer.concat([
    Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1]),
    ...blocks.flatMap((block) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(block.length)
      return [length, block]
    }),
  ])

describe('Snappy', () => {
  it('reads plain blocks and the framing of Java', () => {
    expect(decompressSnappy(snappyBlock, MAX).toString()).toBe(snappyText)
    expect(decompressSnappy(framed(snappyBlock), MAX).toString()).toBe(snappyText)
    expect(decompressSnappy(framed(snappyBlock, snappyBlock), MAX).toString()).toBe(snappyText.repeat(2))
    expect(decompressSnappy(Buffer.from([0]), MAX)).toHaveLength(0)
  })

  it('reads literals whose length takes bytes of its own', () => {
    const text = 'x'.repeat(70_000)
    const header = Buffer.from([0xf0, 0xa2, 0x04, (62 << 2) | 0, 0x6f, 0x11, 0x01])
    expect(decompressSnappy(Buffer.concat([header, Buffer.from(text)]), MAX).toString()).toBe(text)
  })

  it('refuses more than is allowed, sizes that cannot be, and copies from before the start', () => {
    expect(() => decompressSnappy(snappyBlock, 20)).toThrow(RangeError)
    expect(() => decompressSnappy(framed(snappyBlock, snappyBlock), 40)).toThrow(RangeError)
    expect(() => decompressSnappy(Buffer.from([0xff, 0xff, 0xff, 0x7f, 0]), 2 ** 31)).toThrow(RangeError)
    expect(() => decompressSnappy(Buffer.from([8, 0, 0x61, (3 << 2) | 1, 9]), MAX)).toThrow(RangeError)
    expect(() => decompressSnappy(Buffer.from([8, 0, 0x61, (3 << 2) | 1, 0]), MAX)).toThrow(RangeError)
  })

  it('answers damaged input with RangeError or other bytes, never otherwise', () => {
    for (const input of damaged(framed(snappyBlock, snappyBlock))) onlyRangeErrors(() => decompressSnappy(input, MAX))
    for (const input of damaged(snappyBlock)) onlyRangeErrors(() => decompressSnappy(input, MAX))
  })
})

const lz4Sequence = Buffer.from([
  ...[(5 << 4) | (8 - 4), ...Buffer.from('abcde'), 5, 0], // 5 literal, 8 from 5 back
  ...[(0 << 4) | 15, 13, 0, 2], // no literal, 4 + 15 + 2 from 13 back
  ...[(3 << 4) | 0, ...Buffer.from('end')], // the last sequence is a literal only
])
const lz4Text = `abcdeabcdeabc${'abcdeabcdeabc'.repeat(2).slice(0, 21)}end`
function lz4Frame(options: { blocks: readonly Buffer[]; stored?: boolean; flags?: number; extra?: number }): Buffer {
  const { blocks, stored = false, flags = 0, extra = 0 } = options
  const words = blocks.flatMap((block) => {
    const size = Buffer.alloc(4)
    size.writeUInt32LE(block.length + (stored ? 0x80000000 : 0))
    return [size, block, Buffer.alloc((flags & 0x10) !== 0 ? 4 : 0)]
  })
  const end = Buffer.alloc(4 + ((flags & 0x04) !== 0 ? 4 : 0))
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40 | flags, 4 << 4])
  return Buffer.concat([header, Buffer.alloc(extra + 1), ...words, end])
}

describe('LZ4', () => {
  it('reads compressed and stored blocks, with checksums and sizes, and frames one after the other', () => {
    expect(decompressLz4(lz4Frame({ blocks: [lz4Sequence] }), MAX).toString()).toBe(lz4Text)
    expect(decompressLz4(lz4Frame({ blocks: [Buffer.from('as it is')], stored: true }), MAX).toString()).toBe(
      'as it is',
    )
    const rich = lz4Frame({ blocks: [lz4Sequence, lz4Sequence], flags: 0x1c, extra: 8 })
    expect(decompressLz4(rich, MAX).toString()).toBe(lz4Text.repeat(2))
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
    expect(decompressLz4(Buffer.concat([skippable, rich, skippable, rich]), MAX).toString()).toBe(lz4Text.repeat(4))
    expect(decompressLz4(Buffer.alloc(0), MAX)).toHaveLength(0)
  })

  it('lets a block copy from the one before', () => {
    const second = Buffer.from([(0 << 4) | 0, 3, 0, 1 << 4, 0x2e]) // 4 from 3 back: "ende", then "."
    expect(decompressLz4(lz4Frame({ blocks: [lz4Sequence, second] }), MAX).toString()).toBe(`${lz4Text}ende.`)
  })

  it('refuses more than is allowed, dictionaries, and copies from before the start', () => {
    const many = lz4Frame({ blocks: Array.from({ length: 50 }, () => Buffer.alloc(60_000, 7)), stored: true })
    expect(() => decompressLz4(many, MAX)).toThrow(RangeError)
    expect(() => decompressLz4(lz4Frame({ blocks: [lz4Sequence], flags: 0x01 }), MAX)).toThrow(RangeError)
    const before = Buffer.from([(1 << 4) | 0, 0x61, 2, 0, 1 << 4, 0x62])
    expect(() => decompressLz4(lz4Frame({ blocks: [before] }), MAX)).toThrow(RangeError)
    expect(() => decompressLz4(Buffer.from('no frame at all'), MAX)).toThrow(RangeError)
  })

  it('answers damaged input with RangeError or other bytes, never otherwise', () => {
    for (const input of damaged(lz4Frame({ blocks: [lz4Sequence, lz4Sequence], flags: 0x1c, extra: 8 }))) {
      onlyRangeErrors(() => decompressLz4(input, MAX))
    }
  })
})

/** Cut at every place, and with every byte changed in some ways. */
function damaged(whole: Buffer): Buffer[] {
  const cut = Array.from({ length: whole.length }, (_, at) => whole.subarray(0, at))
  const changed = Array.from({ length: whole.length }, (_, at) =>
    [0, 0x0f, 0x7f, 0x80, 0xff].map((byte) => {
      const copy = Buffer.from(whole)
      copy[at] = byte
      return copy
    }),
  )
  return [...cut, ...changed.flat()]
}

function onlyRangeErrors(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError)
  }
}
