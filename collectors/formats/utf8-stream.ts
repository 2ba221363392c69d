/**
 * Text streams as UTF-8: UTF-16 of either byte order, with or without a byte order mark, is transcoded on the way.
 * Offsets of records then count bytes of the UTF-8. Half a surrogate pair becomes U+FFFD.
 */

export type Utf8Stream = {
  /** The next bytes as UTF-8; may hold back a character that is not complete. */
  push(chunk: Uint8Array): Buffer
  /** What was held back. */
  end(): Buffer
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** By byte order mark, else by where the zeros of the first ASCII characters are (RFC 4627 section 3). */
function sniffEncoding(head: Uint8Array): Encoding {
  const [first, second, third, fourth] = head
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return 'utf-16le'
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return 'utf-16be'
  if (head.length === 2 && first !== 0 && second === 0) return 'utf-16le'
  return 'utf-8'
}

/** NUL bytes before the text, which a crash leaves, say nothing of its encoding. Even: a character of UTF-16 has two bytes. */
function paddingLength(bytes: Uint8Array): number {
  let length = 0
  while (length < bytes.length && bytes[length] === 0) length++
  return length - (length % 2)
}

/** The start of a text as UTF-8, for a look at what it holds. */
export function utf8Head(head: Uint8Array): Buffer {
  const stream = createUtf8Stream()
  return Buffer.concat([stream.push(head), stream.end()])
}

export function createUtf8Stream(): Utf8Stream {
  let held: Uint8Array = Buffer.alloc(0)
  let decoder: InstanceType<typeof TextDecoder> | undefined
  let isUtf8 = false

  function push(chunk: Uint8Array): Buffer {
    if (isUtf8) return asBuffer(chunk)
    if (decoder !== undefined) return Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8')
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const padding = asBuffer(all.subarray(0, paddingLength(all)))
    const head = all.subarray(padding.length)
    if (head.length < 4) {
      held = Buffer.from(head)
      return padding
    }
    held = Buffer.alloc(0)
    return padding.length === 0 ? start(head) : Buffer.concat([padding, start(head)])
  }

  function start(head: Uint8Array): Buffer {
    const encoding = sniffEncoding(head)
    if (encoding === 'utf-8') {
      isUtf8 = true
      return asBuffer(head)
    }
    decoder = new TextDecoder(encoding)
    return Buffer.from(decoder.decode(head, { stream: true }), 'utf8')
  }

  function end(): Buffer {
    const first = held.length === 0 ? Buffer.alloc(0) : start(held)
    held = Buffer.alloc(0)
    return decoder === undefined ? first : Buffer.concat([first, Buffer.from(decoder.decode(), 'utf8')])
  }

  return { push, end }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
