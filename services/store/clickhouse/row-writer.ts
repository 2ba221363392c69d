/** Writes values in ClickHouse's RowBinary format into one growing buffer. Docs: clickhouse.com/docs/interfaces/formats/RowBinary. */

let bytes = Buffer.allocUnsafeSlow(1 << 20)
let position = 0

/** Strings up to this length are copied by a loop, longer ones by the runtime: 1.4 ns a character, or 25 to 35 ns a call (measured). */
const LOOP_MAX = 16
const TWO_POW_32 = 4294967296

/** Forgets what was written. */
export function clearRows(): void {
  position = 0
}

export function rowsLength(): number {
  return position
}

/** Takes back what was written behind `length` bytes. */
export function truncateRows(length: number): void {
  position = length
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

const POWERS_OF_TEN = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]

/** A decimal number up to 2^64-1, exact. Throws RangeError for anything else. */
export function writeUInt64(decimal: string): void {
  const { length } = decimal
  let high = 0
  let low = 0
  // Six digits at a time, so that every product stays below 2^53; a quarter of the time of a BigInt (measured).
  for (let from = 0; from < length; from += 6) {
    const to = Math.min(from + 6, length)
    const scale = POWERS_OF_TEN[to - from] ?? 0
    const product = low * scale + wholeNumber(decimal, from, to)
    const carry = Math.floor(product / TWO_POW_32)
    low = product - carry * TWO_POW_32
    high = high * scale + carry
  }
  // Not-a-number, from what is no digit, fails every comparison.
  if (!(high < TWO_POW_32) || length === 0) throw new RangeError(`${decimal} is not a number from 0 to 2^64-1`)
  writeUInt32(low)
  writeUInt32(high)
}

function wholeNumber(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value
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

const NO_DIGIT = 16
/** Value of each lower-case hex digit. As long as UTF-16 units go, so that looking one up needs no bounds. */
const hexDigits = new Uint8Array(65536).fill(NO_DIGIT)
for (let value = 0; value < 16; value++) hexDigits[value.toString(16).charCodeAt(0)] = value
const hexDigit = (text: string, at: number): number => hexDigits[text.charCodeAt(at)] as number

/** 16 bytes from 32 lower-case hex digits. */
export function writeKey(hex: string): void {
  reserve(16)
  for (let index = 0; index < 32; index += 2) {
    bytes[position++] = (hexDigit(hex, index) << 4) | hexDigit(hex, index + 1)
  }
}

const NO_GUID = '00000000-0000-0000-0000-000000000000'
/** Where in a GUID's text each byte's two digits stand, in the order of the bytes: two little-endian halves. */
const GUID_BYTES = [16, 14, 11, 9, 6, 4, 2, 0, 34, 32, 30, 28, 26, 24, 21, 19]
const GUID_DASHES = [8, 13, 18, 23]

/** A GUID in lower case. False, and the GUID of zeros, for anything else. */
export function writeGuid(text: string): boolean {
  reserve(16)
  let seen = text.length === 36 && text !== NO_GUID ? 0 : NO_DIGIT
  for (const dash of GUID_DASHES) if (text.charCodeAt(dash) !== 45) seen = NO_DIGIT
  for (let index = 0; seen < NO_DIGIT && index < 16; index++) {
    const at = GUID_BYTES[index] ?? 0
    const high = hexDigit(text, at)
    const low = hexDigit(text, at + 1)
    seen |= high | low
    bytes[position + index] = (high << 4) | low
  }
  if (seen >= NO_DIGIT) {
    writeNoGuid()
    return false
  }
  position += 16
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
  // At most three bytes a UTF-16 unit, behind a length of at most five.
  reserve(text.length * 3 + 5)
  const start = position
  // Nearly all text is ASCII: room for that length, and a move where it turns out longer.
  const content = start + varUIntSize(text.length)
  const written = bytes.write(text, content, 'utf8')
  const place = start + varUIntSize(written)
  if (place !== content) bytes.copyWithin(place, content, content + written)
  writeVarUInt(written)
  position = place + written
}

function varUIntSize(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5
}

export function writeNullableString(text: string | null): void {
  if (text === null) {
    writeUInt8(1)
    return
  }
  writeUInt8(0)
  writeString(text)
}
