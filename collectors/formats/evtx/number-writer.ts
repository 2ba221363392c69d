/** Writes numbers as Latin-1 digits into a buffer at a position and returns the position after them. */

const TWO_32 = 4294967296
const HEX_LOWER = Buffer.from('0123456789abcdef', 'latin1')
const HEX_UPPER = Buffer.from('0123456789ABCDEF', 'latin1')

export function writeLatin1(text: Buffer, at: number, value: string): number {
  for (let index = 0; index < value.length; index += 1) text[at + index] = value.charCodeAt(index)
  return at + value.length
}

/** `high` * 2^32 + `low`, both unsigned, in decimal: exact up to 2^64-1. */
export function writeDecimal(text: Buffer, at: number, high: number, low: number): number {
  if (high === 0) return writeDecimal32(text, at, low)
  // 10^9 a step keeps every intermediate value below 2^53: high % 10^9 < 2^30, times 2^32 is 2^62, so in two halves.
  const upper = divideByBillion(high, low)
  if (upper.quotient < TWO_32) return writePadded(text, writeDecimal32(text, at, upper.quotient), upper.remainder, 9)
  const top = Math.floor(upper.quotient / 1e9)
  const end = writePadded(text, writeDecimal32(text, at, top), upper.quotient % 1e9, 9)
  return writePadded(text, end, upper.remainder, 9)
}

/** Long division in 16-bit digits; the quotient is below 2^64 / 10^9 < 2^35. */
function divideByBillion(high: number, low: number): { quotient: number; remainder: number } {
  const first = Math.floor(high / 1e9)
  const middle = (high % 1e9) * 65536 + (low >>> 16)
  const second = Math.floor(middle / 1e9)
  const last = (middle % 1e9) * 65536 + (low & 0xffff)
  return { quotient: first * TWO_32 + second * 65536 + Math.floor(last / 1e9), remainder: last % 1e9 }
}

function writeDecimal32(text: Buffer, at: number, value: number): number {
  if (value < 10) {
    text[at] = 0x30 + value
    return at + 1
  }
  return writePadded(text, at, value, digitCount(value))
}

function digitCount(value: number): number {
  if (value < 100000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : value < 10000 ? 4 : 5
  if (value < 10000000) return value < 1000000 ? 6 : 7
  return value < 100000000 ? 8 : value < 1000000000 ? 9 : 10
}

/** `value` in exactly `digits` decimal digits, with zeros in front. */
export function writePadded(text: Buffer, at: number, value: number, digits: number): number {
  let rest = value
  for (let position = at + digits - 1; position >= at; position -= 1) {
    const quotient = Math.floor(rest / 10)
    text[position] = 0x30 + (rest - quotient * 10)
    rest = quotient
  }
  return at + digits
}

/** 0x and lower-case hex digits without zeros in front, as Windows prints HexInt32 and HexInt64. */
export function writeHex(text: Buffer, at: number, high: number, low: number): number {
  text[at] = 0x30
  text[at + 1] = 0x78
  if (high === 0) return writeHexDigits(text, at + 2, low, hexDigitCount(low))
  const middle = writeHexDigits(text, at + 2, high, hexDigitCount(high))
  return writeHexDigits(text, middle, low, 8)
}

/** 0x and all 16 lower-case hex digits. */
export function writeHex64(text: Buffer, at: number, high: number, low: number): number {
  text[at] = 0x30
  text[at + 1] = 0x78
  writeHexDigits(text, at + 2, high, 8)
  return writeHexDigits(text, at + 10, low, 8)
}

function hexDigitCount(value: number): number {
  return value === 0 ? 1 : (35 - Math.clz32(value)) >>> 2
}

function writeHexDigits(text: Buffer, at: number, value: number, digits: number): number {
  let rest = value
  for (let position = at + digits - 1; position >= at; position -= 1) {
    text[position] = HEX_LOWER[rest & 15] as number
    rest >>>= 4
  }
  return at + digits
}

/** Two upper-case hex digits a byte. */
export function writeBytesAsHex(text: Buffer, at: number, bytes: Buffer, offset: number, size: number): number {
  let position = at
  for (let index = offset; index < offset + size; index += 1) {
    position = writeByte(text, position, bytes[index] as number, true)
  }
  return position
}

export function writeByte(text: Buffer, at: number, value: number, isUpper: boolean): number {
  const digits = isUpper ? HEX_UPPER : HEX_LOWER
  text[at] = digits[value >>> 4] as number
  text[at + 1] = digits[value & 15] as number
  return at + 2
}
