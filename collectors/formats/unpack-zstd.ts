/**
 * Unpacks Zstandard of any number of frames, as parallel packers, appending writers and `cat a.zst b.zst` make it; skippable
 * frames are passed over. Node stops at the end of the first frame and keeps still about the rest, but begins another where a
 * write ends with a frame: so that is how it gets them.
 */
import { pipeline, Readable } from 'node:stream'
import { constants, createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { createFrameScanner, FRAME_MAGIC } from './zstd-frames.ts'

/** Gives what there is of a frame that is cut off in place of an error; the scanner knows that it is. */
const LENIENT = { finishFlush: constants.ZSTD_e_flush } as const

/**
 * Constant memory. Throws, behind all that could be unpacked, an Error with a `code`: Z_BUF_ERROR where the data ends too
 * early, libzstd's where it is damaged or followed by something else; or what `packed` threw.
 */
export async function* unpackZstd(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let failure: { readonly error: unknown } | undefined
  async function* frames(): AsyncGenerator<Uint8Array> {
    const scanner = createFrameScanner()
    try {
      for await (const chunk of packed) {
        for (let at = 0; at < chunk.length;) {
          const isWithin = scanner.within() === 'frame'
          const end = scanner.scan(chunk, at)
          // A magic number may come in pieces, and is handed on when it is known to be one.
          if (isWithin) yield chunk.subarray(at, end)
          else if (scanner.within() === 'frame') yield FRAME_MAGIC
          at = end
        }
      }
      scanner.end()
    } catch (error) {
      failure = { error }
    }
  }
  const unpack = createZstdDecompress(LENIENT)
  // The error reaches the reader through the last stream.
  pipeline(Readable.from(frames()), unpack, () => undefined)
  yield* unpack
  if (failure !== undefined) throw failure.error
}

/** Each takes Node some 50 µs however little it holds: so many, half a second, in which nothing else is done. */
export const MAX_FRAMES = 10_000

/** `fault` is why `bytes` are not all there should be; with the code ERR_BUFFER_TOO_LARGE there are more than `maxBytes` or MAX_FRAMES. */
export type UnpackedZstd = { readonly bytes: Uint8Array; readonly fault?: Error }

const TOO_LARGE = 'ERR_BUFFER_TOO_LARGE'

/** As `unpackZstd`, of all bytes at once. Never throws because of them. */
export function unpackZstdSync(packed: Uint8Array, maxBytes: number): UnpackedZstd {
  const parts: Uint8Array[] = []
  let left = maxBytes
  const unpackFrame = (frame: Uint8Array) => {
    if (parts.length === MAX_FRAMES) throw Object.assign(new Error('too many frames'), { code: TOO_LARGE })
    const part = zstdDecompressSync(frame, { ...LENIENT, maxOutputLength: Math.max(1, left), ...chunkFor(frame) })
    left -= part.length
    parts.push(part)
  }
  try {
    const scanner = createFrameScanner()
    let start = 0
    for (let at = 0; at < packed.length;) {
      const isWithin = scanner.within() === 'frame'
      at = scanner.scan(packed, at)
      const isOver = scanner.within() === undefined || at === packed.length
      if (!isOver) continue
      if (isWithin) unpackFrame(packed.subarray(start, at))
      start = at
    }
    scanner.end()
    return { bytes: join(parts) }
  } catch (error) {
    return { bytes: join(parts), fault: error as Error }
  }
}

/** Node's buffer for what comes out: for a frame of a few bytes, of which there may be many, making it takes longest. */
const chunkFor = (frame: Uint8Array) => ({ chunkSize: Math.min(64 * 1024, Math.max(1024, frame.length * 16)) })

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
}
