/** The bytes of a request's body: unpacked as its Content-Encoding says, and no more of them than may be. */
import { type Duplex, pipeline, Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { AppError } from '../../services/runtime/errors.ts'
import { unpackZstd } from '../formats/unpack-zstd.ts'

export type BodyLimits = {
  /** Of the body as it comes over the wire. */
  readonly maxBodyBytes: number
  /** Of what it unpacks to. */
  readonly maxUnpackedBytes: number
}

export type BodyStream = {
  readonly bytes: AsyncIterable<Uint8Array>
  /** Throws what ended the bytes too early. Readers that take an error for an end must ask. */
  throwFault(): void
}

const DECODERS = {
  gzip: through(createGunzip),
  'x-gzip': through(createGunzip),
  deflate: through(createInflate),
  br: through(createBrotliDecompress),
  zstd: unpackZstd,
} as const

function through(create: () => Duplex): (packed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> {
  return (packed) => {
    const unpacker = create()
    // An error of either end reaches the reader through the last stream.
    pipeline(Readable.from(packed), unpacker, () => undefined)
    return unpacker
  }
}

/**
 * `contentEncoding` as in the request's header. Throws REQUEST_INVALID for one that is not known; reading throws
 * BODY_TOO_LARGE or, when the body is cut off or not in that encoding, BODY_UNREADABLE.
 */
export function openBody(
  body: AsyncIterable<Uint8Array>,
  contentEncoding: string | undefined,
  limits: BodyLimits,
): BodyStream {
  const given = contentEncoding?.trim().toLowerCase() ?? ''
  const encoding = given === 'identity' ? '' : given
  let fault: unknown
  const remember = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* source
    } catch (error) {
      fault = asBodyError(error, encoding)
      throw fault
    }
  }
  const packed = limited(body, limits.maxBodyBytes, 'The body')
  if (encoding === '') return { bytes: remember(packed), throwFault }
  if (!isKnownEncoding(encoding)) {
    const known = Object.keys(DECODERS).join(', ')
    throw new AppError('REQUEST_INVALID', `Content-Encoding must be one of ${known}, or be left out.`)
  }
  return {
    bytes: remember(limited(DECODERS[encoding](packed), limits.maxUnpackedBytes, 'The unpacked body')),
    throwFault,
  }

  function throwFault(): void {
    if (fault !== undefined) throw fault as Error
  }
}

function isKnownEncoding(encoding: string): encoding is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, encoding)
}

async function* limited(source: AsyncIterable<Uint8Array>, maxBytes: number, what: string): AsyncGenerator<Uint8Array> {
  let total = 0
  for await (const chunk of source) {
    total += chunk.length
    if (total > maxBytes) throw tooLarge(what, maxBytes)
    yield chunk
  }
}

export function tooLarge(what: string, maxBytes: number): AppError {
  return new AppError('BODY_TOO_LARGE', `${what} may have ${maxBytes} bytes. Send smaller batches.`)
}

/** Where the connection broke or the body ends too early, sending again helps; where it is packed otherwise, never. */
function asBodyError(error: unknown, encoding: string): unknown {
  if (error instanceof AppError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return new AppError('BODY_UNREADABLE', wordsOf(code, encoding), { cause: error })
}

function wordsOf(code: string, encoding: string): string {
  if (code === 'ECONNRESET') return 'The body was cut off. Send it again.'
  if (code === 'Z_BUF_ERROR' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return 'The body ends too early. Send all of it again.'
  if (encoding === '') return 'The body could not be read to its end. Send it again.'
  return `The body is not ${encoding}, or is damaged. Pack it so, or leave Content-Encoding out; a body that is packed without it is recognised.`
}
