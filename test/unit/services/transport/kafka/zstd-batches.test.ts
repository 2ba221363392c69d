import { zstdCompressSync } from 'node:zlib'
import kafkajs, { CompressionTypes } from 'kafkajs'
import { expect, test } from 'vitest'
import { MAX_DECOMPRESSED_BYTES, registerCodecs } from '../../../../../services/transport/kafka/codecs.ts'

type Codec = { decompress(buffer: Buffer): Promise<Buffer> }
registerCodecs()
const codecs = kafkajs.CompressionCodecs as unknown as Record<number, () => Codec>
const decompress = (buffer: Buffer) => (codecs[CompressionTypes.ZSTD]?.() as Codec).decompress(buffer)

const large = Buffer.alloc(300_000, 'xyz')
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2])

test('a batch of several frames of Zstandard is read whole', async () => {
  const frames = [zstdCompressSync('one'), skippable, zstdCompressSync(large), zstdCompressSync('two')]
  const expected = Buffer.concat([Buffer.from('one'), large, Buffer.from('two')])
  expect(expected.equals(await decompress(Buffer.concat(frames)))).toBe(true)
  expect(await decompress(zstdCompressSync(''))).toHaveLength(0)
})

test.each<[string, Buffer]>([
  ['followed by something else', Buffer.concat([zstdCompressSync('one'), Buffer.from('garbage')])],
  ['cut off in its second frame', Buffer.concat([zstdCompressSync('one'), zstdCompressSync(large).subarray(0, -2)])],
  ['nothing', Buffer.alloc(0)],
])('a batch that is %s is an error', async (_what, buffer) => {
  await expect(decompress(buffer)).rejects.toThrow()
})

test('all frames together may not grow beyond the limit', async () => {
  const half = zstdCompressSync(Buffer.alloc(MAX_DECOMPRESSED_BYTES / 2))
  await expect(decompress(Buffer.concat([half, half, zstdCompressSync('x'.repeat(100))]))).rejects.toThrow()
})
