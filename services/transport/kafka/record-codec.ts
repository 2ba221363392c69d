/**
 * One record of a Kafka record batch (v2) to bytes and back, in place of kafkajs' own, which takes an allocation of 512 zeroed
 * bytes for every record and every header, big integers for every number, and a copy of all headers for each of them. What
 * comes out is the same (record-codec.test.ts), but for headers with names that every object has, which kafkajs spoils; whatever is
 * unusual or damaged is left to kafkajs. Source: Kafka protocol, record batch v2.
 */

type Bytes = Buffer | string
type HeaderValue = Bytes | readonly Bytes[]

/** A message as kafkajs hands it to be encoded. */
export type RecordParts = {
  readonly key?: Bytes | null
  readonly value: Bytes | null
  readonly headers?: Readonly<Record<string, HeaderValue>>
  readonly offsetDelta?: number
  /** Milliseconds. */
  readonly timestampDelta?: number
}
/** What kafkajs reads of an encoded record: its own encoder has both. */
export type EncodedRecord = { readonly buf: Buffer; readonly buffer: Buffer }
export type EncodeRecord = (parts: RecordParts) => EncodedRecord

/** What kafkajs says of the batch around a record. Numbers in decimal, times in milliseconds since 1970. */
export type BatchContext = {
  readonly firstOffset: string
  readonly firstTimestamp: string
  readonly maxTimestamp: string
  readonly magicByte: number
  readonly isControlBatch: boolean
  /** 1: the time is the broker's, `maxTimestamp`. */
  readonly timestampType: number
}
export type DecodedHeaders = Readonly<Record<string, Buffer | null | (Buffer | null)[]>>
export type DecodedRecord = {
  readonly magicByte: number
  readonly attributes: number
  readonly timestamp: string
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Shared by neighbours that carry the same: not to be changed. */
  readonly headers: DecodedHeaders
  readonly isControlRecord: boolean
  readonly batchContext: BatchContext
}
/** `decoder.buffer` holds the record behind its length. */
export type DecodeRecord = (decoder: { readonly buffer: Buffer }, context: BatchContext) => DecodedRecord

const MOST_DELTA = 2 ** 27
const LOG_APPEND_TIME = 1
/** Headers of this length are kept to be recognised; longer ones are read each time. */
const MOST_KEPT_BYTES = 1024

export function createEncodeRecord(original: EncodeRecord): EncodeRecord {
  const encodedHeaders = new WeakMap<object, Buffer>()

  /** The same object, for all messages of a hand-over, is encoded once. */
  function headersOf(headers: RecordParts['headers']): Buffer {
    if (headers === undefined) return NO_HEADERS
    let bytes = encodedHeaders.get(headers)
    if (bytes === undefined) encodedHeaders.set(headers, (bytes = encodeHeaders(headers)))
    return bytes
  }

  return function encodeRecord(parts) {
    const { key = null, value, offsetDelta = 0, timestampDelta = 0 } = parts
    if (!(timestampDelta >= 0 && timestampDelta < MOST_DELTA)) return original(parts)
    const headers = headersOf(parts.headers)
    const keyLength = lengthOf(key)
    const valueLength = lengthOf(value)
    const lengths = sizeOfVarInt(keyLength) + sizeOfVarInt(valueLength)
    const content = Math.max(0, keyLength) + Math.max(0, valueLength) + headers.length
    const size = 1 + sizeOfVarInt(timestampDelta) + sizeOfVarInt(offsetDelta) + lengths + content
    const bytes = Buffer.allocUnsafe(sizeOfVarInt(size) + size)
    let at = writeVarInt(bytes, 0, size)
    bytes[at++] = 0 // attributes
    at = writeVarInt(bytes, at, timestampDelta)
    at = writeVarInt(bytes, at, offsetDelta)
    at = writeBytes(bytes, at, key, keyLength)
    at = writeBytes(bytes, at, value, valueLength)
    bytes.set(headers, at)
    return { buf: bytes, buffer: bytes }
  }
}

const NO_HEADERS = Buffer.from([0])

function encodeHeaders(headers: Readonly<Record<string, HeaderValue>>): Buffer {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    (isList(value) ? value : [value]).map((one) => [name, one] as const),
  )
  const parts: Buffer[] = [varInt(pairs.length)]
  for (const [name, value] of pairs) {
    for (const text of [name, value]) {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text
      parts.push(varInt(bytes.length), bytes)
    }
  }
  return Buffer.concat(parts)
}

const isList = (value: HeaderValue): value is readonly Bytes[] => Array.isArray(value)

function varInt(value: number): Buffer {
  const bytes = Buffer.alloc(sizeOfVarInt(value))
  writeVarInt(bytes, 0, value)
  return bytes
}

function lengthOf(bytes: Bytes | null): number {
  if (bytes === null) return -1
  return typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
}

const zigZag = (value: number) => ((value << 1) ^ (value >> 31)) >>> 0

function sizeOfVarInt(value: number): number {
  const coded = zigZag(value)
  return coded < 1 << 7 ? 1 : coded < 1 << 14 ? 2 : coded < 1 << 21 ? 3 : coded < 1 << 28 ? 4 : 5
}

/** Where the next byte goes. */
function writeVarInt(bytes: Buffer, from: number, value: number): number {
  let rest = zigZag(value)
  let at = from
  for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128
  bytes[at++] = rest
  return at
}

function writeBytes(bytes: Buffer, from: number, content: Bytes | null, length: number): number {
  const at = writeVarInt(bytes, from, length)
  if (content === null) return at
  if (typeof content === 'string') bytes.write(content, at, length)
  else bytes.set(content, at)
  return at + length
}

type Kept = { readonly bytes: Buffer; readonly headers: DecodedHeaders }

export function createDecodeRecord(original: DecodeRecord): DecodeRecord {
  let numbersOf: BatchContext | undefined
  let firstOffset = 0
  let firstTimestamp = 0
  let kept: Kept = { bytes: Buffer.from([0]), headers: {} }

  function enter(context: BatchContext): void {
    numbersOf = context
    firstOffset = Number(context.firstOffset)
    firstTimestamp = Number(context.firstTimestamp)
  }

  function headersAt(bytes: Buffer, from: number): DecodedHeaders | undefined {
    const length = bytes.length - from
    if (length === kept.bytes.length && bytes.compare(kept.bytes, 0, length, from) === 0) return kept.headers
    // A copy: neighbours keep it for longer than the batch that these bytes lie in.
    const own = length > MOST_KEPT_BYTES ? bytes.subarray(from) : Buffer.from(bytes.subarray(from))
    const headers = decodeHeaders(own)
    if (headers !== undefined && length <= MOST_KEPT_BYTES) kept = { bytes: own, headers }
    return headers
  }

  return function decodeRecord(decoder, context) {
    const bytes = decoder.buffer
    const at = createCursor(bytes)
    if (context !== numbersOf) enter(context)
    const attributes = bytes.length > 0 ? bytes.readInt8(at.next++) : 0
    const timestamp = firstTimestamp + readVarInt(at)
    const offset = firstOffset + readVarInt(at)
    const key = readBytes(at)
    const value = readBytes(at)
    const headers = at.isSound ? headersAt(bytes, at.next) : undefined
    if (headers === undefined || !Number.isSafeInteger(offset) || !Number.isSafeInteger(timestamp)) {
      return original(decoder, context)
    }
    const isBrokersTime = context.timestampType === LOG_APPEND_TIME && context.maxTimestamp !== ''
    return {
      magicByte: context.magicByte,
      attributes,
      timestamp: isBrokersTime ? context.maxTimestamp : String(timestamp),
      offset: String(offset),
      key,
      value,
      headers,
      isControlRecord: context.isControlBatch,
      batchContext: context,
    }
  }
}

/** Where one reads; not sound once something did not lie within the bytes, or was longer than usual. */
type Cursor = { readonly bytes: Buffer; next: number; isSound: boolean }
const createCursor = (bytes: Buffer): Cursor => ({ bytes, next: 0, isSound: true })

/** Of up to four bytes, which all deltas and lengths below 128 MiB take. */
function readVarInt(cursor: Cursor): number {
  const { bytes } = cursor
  let value = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[cursor.next++]
    if (byte === undefined) break
    value |= (byte & 127) << shift
    if (byte < 128) return (value >>> 1) ^ -(value & 1)
  }
  cursor.isSound = false
  return 0
}

function readBytes(cursor: Cursor): Buffer | null {
  const length = readVarInt(cursor)
  if (length === -1) return null
  const from = cursor.next
  cursor.next += length
  if (length < 0 || cursor.next > cursor.bytes.length) cursor.isSound = false
  return cursor.isSound ? cursor.bytes.subarray(from, cursor.next) : null
}

/** undefined where a name comes twice, or anything is not as usual. */
function decodeHeaders(bytes: Buffer): DecodedHeaders | undefined {
  const cursor = createCursor(bytes)
  const headers: Record<string, Buffer | null> = {}
  const count = readVarInt(cursor)
  if (count < 0) return undefined
  for (let left = count; left > 0 && cursor.isSound; left--) {
    const name = readBytes(cursor)?.toString()
    if (name === undefined || name === '__proto__' || Object.hasOwn(headers, name)) return undefined
    headers[name] = readBytes(cursor)
  }
  return cursor.isSound && cursor.next === bytes.length ? headers : undefined
}
