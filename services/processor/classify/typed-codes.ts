/** The code in a typed field, as Windows' XML prints it: unsigned or negative decimal, or hex with 0x. */

/**
 * Unsigned 32 bits; undefined when the text is no number of 32 bits. Decimal digits are decimal whatever they look like: a
 * typed field never holds bare hex (`80070533` there is the number eighty million).
 */
export function parseTypedCode(text: string): number | undefined {
  const { length } = text
  if (length === 0 || length > 11) return undefined
  if (text.charCodeAt(0) === 0x30 && length > 2 && (text.charCodeAt(1) | 0x20) === 0x78) return parseHex(text)
  const isNegative = text.charCodeAt(0) === 0x2d
  if (isNegative && length === 1) return undefined
  let value = 0
  for (let at = isNegative ? 1 : 0; at < length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  if (isNegative) return value <= 0x80000000 ? -value >>> 0 : undefined
  return value <= 0xffffffff ? value : undefined
}

function parseHex(text: string): number | undefined {
  if (text.length > 10) return undefined
  let value = 0
  for (let at = 2; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const digit = code <= 57 ? code - 48 : (code | 0x20) - 87
    if (digit < 0 || digit > 15 || (code > 57 && digit < 10)) return undefined
    value = value * 16 + digit
  }
  return value
}
