/** What stands between JSON records and is none. */

/** Does the byte count for nothing between records? Commas and brackets of lists do not, nor a byte order mark. */
export function isSeparator(bytes: Buffer, at: number): boolean {
  const byte = bytes[at] ?? 0
  if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0x2c || byte === 0x5b || byte === 0x5d) return true
  if (byte === 0 || byte === 0x1e) return true
  if (byte === 0xef) return bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf
  return (
    (byte === 0xbb && bytes[at - 1] === 0xef) || (byte === 0xbf && bytes[at - 1] === 0xbb && bytes[at - 2] === 0xef)
  )
}

/** The end without white space, commas and NUL before it. */
export function trimEnd(bytes: Buffer, from: number, end: number): number {
  let last = end
  while (last > from + 1) {
    const byte = bytes[last - 1] ?? 0
    if (byte > 0x20 && byte !== 0x2c) break
    last--
  }
  return last
}

/** The end of a list's element that is no object: its comma or bracket, or the end of the line. */
export function endOfElement(bytes: Buffer, at: number, lineEnd: number): number {
  for (let end = at; end < lineEnd; end++) {
    const byte = bytes[end]
    if (byte === 0x2c || byte === 0x5d) return end
  }
  return lineEnd
}

/** `Record 12`: what evtx_dump -o json writes before each record. */
export function isRecordLine(line: Buffer): boolean {
  return line.length < 32 && /^Record [0-9]+$/.test(line.toString('latin1'))
}
