/**
 * The compressions that kafkajs lacks: zstd from Node itself for what we write and read; Snappy and LZ4, which shippers use
 * a great deal, for reading only. kafkajs keeps codecs for the whole process.
 */
import { promisify } from 'node:util'
import { constants, type Zlib, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, { CompressionTypes } from 'kafkajs' // Node finds only some of its names
import { decompressLz4 } from './decompress-lz4.ts'
import { decompressSnappy } from './decompress-snappy.ts'

/** kafkajs hands an encoder with the bytes to compress. */
type Encoder = { readonly buffer: Buffer }
type Codec = { compress(encoder: Encoder): Promise<Buffer>; decompress(buffer: Buffer): Promise<Buffer> }

/** Of one record batch. Batches of honest producers hold some MB; what grows beyond this is made to exhaust memory. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024

const compress = promisify(zstdCompress)
/** Level 1: measured, docs/decisions/0010-kafka-client.md. */
const ZSTD_WRITE = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Node works chunk by chunk, each a trip to its thread pool: with its 16 KiB, most of the time goes into those. */
const CHUNK_BYTES = 1024 * 1024
const chunkFor = (bytes: number) => ({ chunkSize: Math.min(CHUNK_BYTES, Math.max(4096, bytes)) })

const zstd: Codec = {
  compress: ({ buffer }) => compress(buffer, { ...ZSTD_WRITE, ...chunkFor(buffer.length) }),
  decompress: decompressFrames,
}
const snappy = readOnly('Snappy', (buffer) => decompressSnappy(buffer, MAX_DECOMPRESSED_BYTES))
const lz4 = readOnly('LZ4', (buffer) => decompressLz4(buffer, MAX_DECOMPRESSED_BYTES))

/** Safe to call again. */
export function registerCodecs(): void {
  const codecs = kafkajs.CompressionCodecs as unknown as Record<number, () => Codec>
  codecs[CompressionTypes.ZSTD] = () => zstd
  codecs[CompressionTypes.Snappy] = () => snappy
  codecs[CompressionTypes.LZ4] = () => lz4
}

/** Node stops at the end of the first frame, and producers may write several. Rejects when something else follows one. */
async function decompressFrames(packed: Buffer): Promise<Buffer> {
  const parts: Buffer[] = []
  let left = MAX_DECOMPRESSED_BYTES
  let rest = packed
  do {
    const { buffer, engine } = await decompressFrame(rest, Math.max(1, left))
    parts.push(buffer)
    left -= buffer.length
    if (left < 0 || engine.bytesWritten === 0) throw new RangeError('the batch unpacks to too much, or not at all')
    rest = rest.subarray(engine.bytesWritten)
  } while (rest.length > 0)
  const [first] = parts
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
}

/** `bytesWritten` of the engine: how many of `packed` were read. The types of Node lack this form of the answer. */
type FrameRead = { readonly buffer: Buffer; readonly engine: Zlib }

function decompressFrame(packed: Buffer, maxOutputLength: number): Promise<FrameRead> {
  return new Promise((resolve, reject) => {
    const options = { maxOutputLength, info: true, ...chunkFor(packed.length * 12) }
    zstdDecompress(packed, options, (error, read) => {
      if (error === null) resolve(read as unknown as FrameRead)
      else reject(error)
    })
  })
}

function readOnly(name: string, read: (buffer: Buffer) => Buffer): Codec {
  return {
    compress: () => Promise.reject(new Error(`${name} is for reading only`)),
    decompress: (buffer) => new Promise((resolve) => resolve(read(buffer))),
  }
}
