/** Bytes that may stand before a text and say nothing of it: white space, and NULs, which a crash leaves. */

/** The same bytes from where the text begins; all of them where there is nothing else. */
export function withoutPadding(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length && isPadding(bytes[start] ?? 0)) start++
  // What is left must tell UTF-16 as well: its characters have two bytes.
  const from = start - (start % 2)
  return from === 0 || from >= bytes.length - 1 ? bytes : bytes.subarray(from)
}

const isPadding = (byte: number): boolean => byte === 0 || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
