/** Takes a message out of what its sender packed it in, whatever the queue's own compression is: gzip or Zstandard. */
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { DEFAULT_ARCHIVE_LIMITS } from './archive-budget.ts'
import { sniffContainer } from './container-magic.ts'
import { type Refusal, refuse } from './field-values.ts'

/** A message may unpack to so many bytes, since all of them are held. */
export const MAX_UNPACKED_BYTES = 64 * 1024 * 1024

/** The bytes inside; the same when they are packed in nothing. Of a message that is cut off, what can be had of it. */
export function unpackMessage(bytes: Uint8Array): Uint8Array | Refusal {
  let unpacked = bytes
  for (let depth = 0; ; depth++) {
    const container = sniffContainer(unpacked)
    if (container === undefined) return unpacked
    if (container !== 'gzip' && container !== 'zstd')
      return refuse('unknown_shape', `a ${container} archive is no message; import it as a file`)
    if (depth === DEFAULT_ARCHIVE_LIMITS.maxDepth)
      return refuse('unknown_shape', `it is packed more than ${depth} times`)
    const inner = unpackOnce(unpacked, container)
    if ('reason' in inner) return inner
    unpacked = inner
  }
}

function unpackOnce(bytes: Uint8Array, container: 'gzip' | 'zstd'): Uint8Array | Refusal {
  try {
    if (container === 'zstd') return zstdDecompressSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES })
    // Says what there is where the end is missing, in place of an error.
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES, finishFlush: constants.Z_SYNC_FLUSH })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      return refuse('too_large', `it unpacks to more than ${MAX_UNPACKED_BYTES} bytes, which a message may not`)
    return refuse('truncated', `it is not whole ${container}: ${message}`)
  }
}
