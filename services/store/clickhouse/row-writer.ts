/** Writes values in ClickHouse's RowBinary format into one growing buffer. Docs: clickhouse.com/docs/interfaces/formats/RowBinary. */

let bytes = Buffer.allocUnsafeSlow(1 << 20)
let position = 0

/** Strings up to this length are copied by a loop, longer ones by the runtime: measured, docs/decisions/0004-store-layout.md. */
const LOOP_MAX = 40
const TWO_POW_32 = 4294967296

/** Forgets what was written. */
export function clearRows(): void {
  position = 0
}

export function rowsLength(): number {
  return position
}

/** A copy of what was written since `clearRows`. */
export function takeRows(): Buffer {
  const taken = Buffer.from(bytes.subarray(0, position))
  position = 0
  return taken
}

/** Makes room for `size` more bytes. Every writer below needs its own room made before. */
function reserve(size: number): void {
  if (position + size <= bytes.length) return
  const grown = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, position + size))
  bytes.copy(grown, 0, 0, position)
  bytes = grown
}

export function writeUInt8(value: number): void {
  reserve(1)
  bytes[position++] = value
}

export function writeUInt16(value: number): void {
  reserve(2)
  bytes[position++] = value
  bytes[position++] = value >>> 8
}

export function writeUInt32(value: number): void {
  reserve(4)
  bytes[position++] = value
  bytes[position++] = value >>> 8
  bytes[position++] = value >>> 16
  bytes[position++] = value >>> 24
}

export function writeFloat64(value: number): void {
  reserve(8)
  position = bytes.writeDoubleLE(value, position)
}

/** A decimal number up to 2^64-1, exact. */
export function writeUInt64(decimal: string): void {
  if (decimal.length <= 15) {
    const value = Number(decimal)
    writeUInt32(value)
    writeUInt32(Math.floor(value / TWO_POW_32))
    return
  }
  reserve(8)
  position = bytes.writeBigUInt64LE(BigInt(decimal), position)
}

/** 100 ns ticks since 1970 of a whole second and a fraction of 0 to 9,999,999 ticks; exact beyond 2^53. */
export function writeTicks(second: number, fraction: number): void {
  // second * 10^7 in two parts that stay below 2^53.
  const high = Math.floor(second / 65536)
  const upper = high * 10_000_000
  const lower = (second - high * 65536) * 10_000_000 + fraction
  const upperHigh = Math.floor(upper / 65536)
  const low = (upper - upperHigh * 65536) * 65536 + lower
  const carry = Math.floor(low / TWO_POW_32)
  writeUInt32(low - carry * TWO_POW_32)
  writeUInt32(upperHigh + carry)
}

/** 16 bytes from 32 lower-case hex digits. */
export function writeKey(hex: string): void {
  reserve(16)
  for (let index = 0; index < 32; index += 2) {
    bytes[position++] = (nibble(hex.charCodeAt(index)) << 4) | nibble(hex.charCodeAt(index + 1))
  }
}

const nibble = (code: number) => (code < 58 ? code - 48 : code - 87)

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const NO_GUID = '00000000-0000-0000-0000-000000000000'

/** A GUID in lower case: two little-endian halves. False, and the GUID of zeros, for anything else. */
export function writeGuid(text: string): boolean {
  if (!GUID.test(text) || text === NO_GUID) {
    writeNoGuid()
    return false
  }
  reserve(16)
  const start = position
  let digit = 0
  for (let index = 0; index < 16; index++) {
    if (text.charCodeAt(digit) === 45) digit++
    const byte = (nibble(text.charCodeAt(digit)) << 4) | nibble(text.charCodeAt(digit + 1))
    bytes[start + (index < 8 ? 7 - index : 23 - index)] = byte
    digit += 2
  }
  position = start + 16
  return true
}

export function writeNoGuid(): void {
  reserve(16)
  bytes.fill(0, position, position + 16)
  position += 16
}

export function writeVarUInt(value: number): void {
  reserve(5)
  let rest = value
  while (rest > 127) {
    bytes[position++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[position++] = rest
}

/** UTF-8 with its length; a lone surrogate becomes U+FFFD. */
export function writeString(text: string): void {
  const { length } = text
  if (length > LOOP_MAX) {
    writeLongString(text)
    return
  }
  reserve(1 + length)
  const start = position
  let at = start + 1
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) {
      writeLongString(text)
      return
    }
    bytes[at++] = code
  }
  bytes[start] = length
  position = at
}

function writeLongString(text: string): void {
  // At most three bytes a UTF-16 unit; write behind the longest length prefix that can be needed, then close the gap.
  const most = text.length * 3
  reserve(most + 10)
  const prefix = most < 128 ? 1 : most < 16384 ? 2 : most < 2097152 ? 3 : 5
  const written = bytes.write(text, position + prefix, 'utf8')
  const start = position
  writeVarUInt(written)
  const gap = start + prefix - position
  if (gap > 0) bytes.copyWithin(position, start + prefix, start + prefix + written)
  position += written
}

export function writeNullableString(text: string | null): void {
  if (text === null) {
    writeUInt8(1)
    return
  }
  writeUInt8(0)
  writeString(text)
}
