/** Takes a message out of what its sender packed it in, whatever the queue's own compression is: gzip or Zstandard. */
import { constants, gunzipSync } from 'node:zlib'
import { DEFAULT_ARCHIVE_LIMITS } from './archive-budget.ts'
import { sniffContainer } from './container-magic.ts'
import { isRefusal, type Refusal, refuse } from './field-values.ts'
import { MAX_FRAMES, unpackZstdSync } from './unpack-zstd.ts'
import { ENDS_EARLY } from './zstd-frames.ts'

/** A message may unpack to so many bytes, since all of them are held. */
export const MAX_UNPACKED_BYTES = 64 * 1024 * 1024

/** `fault`: why `bytes` are only what could be had of a message that is cut off, or followed by something else. */
export type Unpacked = { readonly bytes: Uint8Array; readonly fault?: Refusal }

/** The bytes inside; the same when they are packed in nothing. */
export function unpackMessage(message: Uint8Array): Unpacked | Refusal {
  let unpacked: Unpacked = { bytes: message }
  for (let depth = 0; ; depth++) {
    const container = sniffContainer(unpacked.bytes)
    if (container === undefined) return unpacked
    if (container !== 'gzip' && container !== 'zstd')
      return refuse('unknown_shape', `a ${container} archive is no message; import it as a file`)
    if (depth === DEFAULT_ARCHIVE_LIMITS.maxDepth)
      return refuse('unknown_shape', `it is packed more than ${depth} times`)
    const inner = container === 'zstd' ? unpackZstd(unpacked.bytes) : unpackGzip(unpacked.bytes)
    if (isRefusal(inner)) return inner
    // Where the outer layer is cut off, the inner one is because of that.
    unpacked = { ...inner, ...(unpacked.fault === undefined ? {} : { fault: unpacked.fault }) }
  }
}

function unpackZstd(packed: Uint8Array): Unpacked | Refusal {
  const { bytes, fault } = unpackZstdSync(packed, MAX_UNPACKED_BYTES)
  if (fault === undefined) return { bytes }
  const refusal = refusalOf(fault, 'zstd')
  return refusal.reason === 'too_large' || bytes.length === 0 ? refusal : { bytes, fault: refusal }
}

function unpackGzip(packed: Uint8Array): Unpacked | Refusal {
  const limit = { maxOutputLength: MAX_UNPACKED_BYTES }
  try {
    return { bytes: gunzipSync(packed, limit) }
  } catch (error) {
    const fault = refusalOf(error, 'gzip')
    if ((error as NodeJS.ErrnoException).code !== ENDS_EARLY) return fault
    // Says what there is where the end is missing, in place of an error.
    return { bytes: gunzipSync(packed, { ...limit, finishFlush: constants.Z_SYNC_FLUSH }), fault }
  }
}

function refusalOf(error: unknown, container: string): Refusal {
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== 'ERR_BUFFER_TOO_LARGE') return refuse('truncated', `it is not whole ${container}: ${message}`)
  return refuse(
    'too_large',
    `it unpacks to more than ${MAX_UNPACKED_BYTES} bytes or ${MAX_FRAMES} frames, which a message may not`,
  )
}
