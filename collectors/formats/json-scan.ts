/** Finds where one JSON object ends, for records that are not simply one line: pretty-printed, concatenated, in a list. */
import { MAX_DEPTH } from './format.ts'

export type ObjectScan =
  /** `end` is the byte after the object's last brace. */
  | { readonly kind: 'whole'; readonly end: number }
  /** As `whole`, but it nests deeper than a record may. */
  | { readonly kind: 'too_deep'; readonly end: number }
  /** The bytes end first. */
  | { readonly kind: 'open'; readonly isTooDeep: boolean }
  /** It cannot be JSON: `at` is the byte that shows it. */
  | { readonly kind: 'broken'; readonly at: number }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a
const OBJECT = 1
const ARRAY = 2

/**
 * `start` is an opening brace. Tells a record that was cut off from one that goes on in the next line: a line break
 * inside a string, or an opening brace where no value can stand, is where the next record begins.
 */
export function scanObject(bytes: Buffer, start: number): ObjectScan {
  const kinds = new Uint8Array(MAX_DEPTH + 1)
  let depth = 0
  let isTooDeep = false
  let previous = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) {
      const close = endOfString(bytes, at + 1)
      if (close < 0) return close === -1 ? { kind: 'open', isTooDeep } : { kind: 'broken', at: -close }
      at = close
    } else if (byte === 0x7b || byte === 0x5b) {
      if (!isTooDeep && byte === 0x7b && at !== start && !canHoldValue(previous, kinds[depth] ?? 0))
        return { kind: 'broken', at }
      depth++
      if (depth > MAX_DEPTH) isTooDeep = true
      else kinds[depth] = byte === 0x7b ? OBJECT : ARRAY
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
      if (depth === 0) return { kind: isTooDeep ? 'too_deep' : 'whole', end: at + 1 }
    } else if (byte <= 0x20) continue
    previous = byte
  }
  return { kind: 'open', isTooDeep }
}

/** A value follows a colon, or in a list its bracket or a comma. */
function canHoldValue(previous: number, kind: number): boolean {
  return previous === 0x3a || (kind === ARRAY && (previous === 0x5b || previous === 0x2c))
}

/** Index of the closing quote; -1 when the bytes end first; minus the index of a line break inside (never 0 or 1). */
function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at++
    else if (byte === NEWLINE) return -at
  }
  return -1
}
