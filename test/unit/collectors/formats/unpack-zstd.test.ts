import { readFileSync } from 'node:fs'
import { constants, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { unwrap } from '../../../../collectors/formats/open-archive.ts'
import { unpackZstd, unpackZstdSync } from '../../../../collectors/formats/unpack-zstd.ts'
import { openBody } from '../../../../collectors/http-gateway/body-stream.ts'

const noise = readFileSync(import.meta.filename).subarray(0, 3000)
const CHECKSUM = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }
const first = zstdCompressSync('first ')
const second = zstdCompressSync(noise, CHECKSUM)
const third = zstdCompressSync(Buffer.alloc(300_000, 'third'), CHECKSUM)
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd])
const noSkippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])
const one = Buffer.from('first ')
const all = Buffer.concat([one, noise, Buffer.alloc(300_000, 'third')])
const LIMITS = { maxBodyBytes: 1e9, maxUnpackedBytes: 1e9 }

/** In chunks that end at the given places. */
async function* cutAt(bytes: Buffer, ...places: number[]): AsyncGenerator<Uint8Array> {
  let from = 0
  for (const to of [...places, bytes.length]) {
    yield await Promise.resolve(bytes.subarray(from, to))
    from = to
  }
}

/** What comes out, and the code of the error behind it. */
async function drain(stream: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; code?: unknown }> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of stream) parts.push(part)
  } catch (error) {
    return { bytes: Buffer.concat(parts), code: (error as NodeJS.ErrnoException).code }
  }
  return { bytes: Buffer.concat(parts) }
}

const whole: [string, Buffer, Buffer][] = [
  ['several frames', Buffer.concat([first, second, third]), all],
  ['the largest first', Buffer.concat([third, first]), Buffer.concat([Buffer.alloc(300_000, 'third'), one])],
  ['skippable frames', Buffer.concat([skippable, first, noSkippable, skippable, second, third, skippable]), all],
  ['empty frames', Buffer.concat([zstdCompressSync(''), first, zstdCompressSync(''), second, third]), all],
  ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
  ['skippable frames only', Buffer.concat([skippable, noSkippable]), Buffer.alloc(0)],
]
const faulty: [string, Buffer, Buffer, string][] = [
  ['something else behind it', Buffer.concat([first, Buffer.from('garbage')]), one, 'ZSTD_error_prefix_unknown'],
  ['too little of something else', Buffer.concat([first, Buffer.from('g')]), one, 'Z_BUF_ERROR'],
  [
    'a second frame without its end',
    Buffer.concat([first, second.subarray(0, -4)]),
    Buffer.concat([one, noise]),
    'Z_BUF_ERROR',
  ],
  ['a second frame of its magic number', Buffer.concat([first, second.subarray(0, 4)]), one, 'Z_BUF_ERROR'],
  ['half a skippable frame', Buffer.concat([first, skippable.subarray(0, 10)]), one, 'Z_BUF_ERROR'],
  [
    'a block of no known type',
    Buffer.concat([first, first.subarray(0, 6), Buffer.from([7, 0, 0])]),
    one,
    'ZSTD_error_corruption_detected',
  ],
]

/** Much faster on large buffers than vitest's comparison. */
function expectBytes(bytes: Uint8Array, expected: Buffer): void {
  expect(bytes.length).toBe(expected.length)
  expect(expected.equals(bytes)).toBe(true)
}

describe('Zstandard of several frames', () => {
  it.each(whole)('is read whole, however it is cut into chunks: %s', async (_name, packed, expected) => {
    const { bytes: atOnce, fault } = unpackZstdSync(packed, 1e9)
    expect(fault).toBeUndefined()
    expectBytes(atOnce, expected)
    const byteByByte = await drain(unpackZstd(cutAt(packed, ...packed.keys())))
    expect(byteByByte.code).toBeUndefined()
    expectBytes(byteByByte.bytes, expected)
    for (let at = 0; at <= Math.min(packed.length, 150); at++) {
      const { bytes, code } = await drain(unpackZstd(cutAt(packed, at, at)))
      expect(code).toBeUndefined()
      expectBytes(bytes, expected)
    }
  })

  it.each(faulty)('gives what comes before a fault: %s', async (_name, packed, expected, code) => {
    const { bytes, fault } = unpackZstdSync(packed, 1e9)
    expectBytes(bytes, expected)
    expect(fault).toMatchObject({ code })
    for (let at = 0; at <= Math.min(packed.length, 150); at++) {
      const streamed = await drain(unpackZstd(cutAt(packed, at)))
      expect(streamed.code).toBe(code)
      expectBytes(streamed.bytes, expected)
    }
  })

  it('ends early, and says so, wherever it is cut off between bytes of a frame', async () => {
    const packed = Buffer.concat([first, skippable, zstdCompressSync('last', CHECKSUM)])
    const boundaries = [0, first.length, first.length + skippable.length]
    for (let length = 0; length < packed.length; length++) {
      const code = boundaries.includes(length) ? undefined : 'Z_BUF_ERROR'
      const cut = packed.subarray(0, length)
      expect((await drain(unpackZstd(cutAt(cut)))).code).toBe(code)
      expect((unpackZstdSync(cut, 1e9).fault as NodeJS.ErrnoException | undefined)?.code).toBe(code)
    }
  })

  it('says when its bytes are damaged, and hands on what its source throws', async () => {
    const damaged = Buffer.from(second)
    damaged.fill(0xff, 20, 40)
    const packed = Buffer.concat([first, damaged])
    expect(unpackZstdSync(packed, 1e9)).toMatchObject({
      bytes: one,
      fault: { code: expect.stringMatching(/^ZSTD_/) as string },
    })
    expect((await drain(unpackZstd(cutAt(packed)))).code).toMatch(/^ZSTD_/)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield first
      throw await Promise.resolve(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
    }
    expect(await drain(unpackZstd(broken()))).toEqual({ bytes: one, code: 'ECONNRESET' })
  })

  it('is not unpacked to more than is allowed, all frames together', () => {
    const packed = Buffer.concat([first, first])
    expect(unpackZstdSync(packed, 12)).toEqual({ bytes: Buffer.from('first first ') })
    expect(unpackZstdSync(packed, 11).fault).toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' })
  })

  it('never throws because of its bytes', () => {
    const packed = Buffer.concat([first, skippable, second])
    for (let at = 0; at < packed.length; at++) {
      const changed = Buffer.from(packed)
      changed[at] = (changed[at] ?? 0) ^ 0xff
      const { bytes } = unpackZstdSync(changed, 1e6)
      expect(bytes.length).toBeLessThanOrEqual(1e6)
    }
  })
})

describe('who unpacks streams of Zstandard', () => {
  async function contentOf(packed: Buffer): Promise<string[]> {
    const found: string[] = []
    for await (const item of unwrap({ path: 'a', stream: cutAt(packed, 3) })) {
      found.push('problem' in item ? item.problem : (await drain(item.bytes)).bytes.toString())
    }
    return found
  }

  it.each(whole)('reads a file of %s', async (_name, packed, expected) => {
    expect(await contentOf(packed)).toEqual([expected.toString()])
  })

  it.each(faulty)('reads a file up to its fault and says it: %s', async (_name, packed, expected, code) => {
    const problem = expect.stringMatching(code === 'Z_BUF_ERROR' ? /truncated/ : /no frame|no known type/) as string
    expect(await contentOf(packed)).toEqual([expected.toString(), problem])
  })

  it.each(whole)('reads a body of %s', async (_name, packed, expected) => {
    const body = openBody(cutAt(packed, 5), 'zstd', LIMITS)
    expectBytes((await drain(body.bytes)).bytes, expected)
    body.throwFault()
  })

  it.each(faulty)('refuses a body that has %s', async (_name, packed) => {
    const body = openBody(cutAt(packed, 5), 'zstd', LIMITS)
    expect(await drain(body.bytes)).toMatchObject({ code: 'BODY_UNREADABLE' })
    expect(() => body.throwFault()).toThrow(/body/)
  })

  it('stops a body that unpacks to too much over its frames', async () => {
    const packed = Buffer.concat([third, third, third])
    const body = openBody(cutAt(packed), 'zstd', { ...LIMITS, maxUnpackedBytes: 800_000 })
    expect(await drain(body.bytes)).toMatchObject({ code: 'BODY_TOO_LARGE' })
  })
})
