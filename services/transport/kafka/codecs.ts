/**
 * The compressions that kafkajs lacks: zstd from Node itself for what we write and read; Snappy and LZ4, which shippers use
 * a great deal, for reading only. kafkajs keeps codecs for the whole process.
 */
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, { CompressionTypes } from 'kafkajs' // Node finds only some of its names
import { decompressLz4 } from './decompress-lz4.ts'
import { decompressSnappy } from './decompress-snappy.ts'

/** kafkajs hands an encoder with the bytes to compress. */
type Encoder = { readonly buffer: Buffer }
type Codec = { compress(encoder: Encoder): Promise<Buffer>; decompress(buffer: Buffer): Promise<Buffer> }

/** Of one record batch. Batches of honest producers hold some MB; what grows beyond this is made to exhaust memory. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
/** Level 1: measured, docs/decisions/0010-kafka-client.md. */
const ZSTD_WRITE = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const ZSTD_READ = { maxOutputLength: MAX_DECOMPRESSED_BYTES }

/** Node works chunk by chunk, each a trip to its thread pool: with its 16 KiB, most of the time goes into those. */
const CHUNK_BYTES = 1024 * 1024
const chunkFor = (bytes: number) => ({ chunkSize: Math.min(CHUNK_BYTES, Math.max(4096, bytes)) })

const zstd: Codec = {
  compress: ({ buffer }) => compress(buffer, { ...ZSTD_WRITE, ...chunkFor(buffer.length) }),
  decompress: (buffer) => decompress(buffer, { ...ZSTD_READ, ...chunkFor(buffer.length * 12) }),
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

function readOnly(name: string, read: (buffer: Buffer) => Buffer): Codec {
  return {
    compress: () => Promise.reject(new Error(`${name} is for reading only`)),
    decompress: (buffer) => new Promise((resolve) => resolve(read(buffer))),
  }
}
