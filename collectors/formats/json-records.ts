/**
 * Cuts a stream of JSON text of any length into records: one object a line (NDJSON), objects one after the other or
 * spread over lines, and lists of objects, whose elements are records of their own. Memory holds one piece of the
 * stream and at most one record.
 *
 * Between records white space, commas, brackets of lists, byte order marks, record separators (RFC 7464) and NUL
 * padding (what a crash leaves at the end of a file) count for nothing; so does a line `Record 12` (evtx_dump -o json).
 * Anything else is a record that is not JSON, up to the end of its line.
 */
import { isUtf8 } from 'node:buffer'
import type { DeadLetterReason } from '../../schemas/dead-letter.ts'
import { MAX_DEPTH, MAX_RECORD_BYTES, MAX_REJECT_BYTES } from './format.ts'
import { scanObject } from './json-scan.ts'
import { endOfElement, isRecordLine, isSeparator, trimEnd } from './json-separators.ts'
import { isTooDeep, parseJson } from './json-text.ts'
import { createRecordWindow } from './record-window.ts'

/** `offset` counts bytes from the start of the stream (as UTF-8). */
export type JsonRecord = {
  readonly kind: 'record'
  readonly value: unknown
  readonly text: string
  /** Made when asked for, which is hardly ever: a view of each record cost 3 % of the way to a row (measured). */
  readonly bytes: () => Uint8Array
  readonly offset: number
}
export type BrokenRecord = {
  readonly kind: 'broken'
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly bytes: Uint8Array
  readonly length: number
  readonly offset: number
}
export type JsonSplitter = {
  /** UTF-8 in, the records that are complete now out. */
  push(chunk: Buffer): readonly (JsonRecord | BrokenRecord)[]
  /** The rest, once the stream has ended. */
  end(): readonly (JsonRecord | BrokenRecord)[]
}

type Found = (JsonRecord | BrokenRecord)[]

/** The rest of the line that is looked at, and whether it may be one whole object. */
type Line = { readonly end: number; isPlain: boolean }

const TOO_DEEP = `it nests deeper than ${MAX_DEPTH} levels`
const NEWLINE = 0x0a
const OPEN = 0x7b
const LINE_START_OPEN = Buffer.from('\n{')

export function createJsonSplitter(): JsonSplitter {
  const window = createRecordWindow()
  let skipped: { head: Buffer; offset: number; length: number; isOneLine: boolean } | undefined
  let listDepth = 0

  function push(chunk: Buffer): readonly (JsonRecord | BrokenRecord)[] {
    return window.push(chunk) ? drain(false) : []
  }

  function end(): readonly (JsonRecord | BrokenRecord)[] {
    window.join()
    const found = drain(true)
    if (skipped !== undefined) found.push(endOfSkipped())
    return found
  }

  function drain(isEnd: boolean): (JsonRecord | BrokenRecord)[] {
    const found: (JsonRecord | BrokenRecord)[] = []
    if (skipped !== undefined && !skip(found)) return found
    const { bytes } = window
    let at = 0
    let line: Line = { end: -1, isPlain: true }
    while (at < bytes.length) {
      const byte = bytes[at] ?? 0
      if (byte === 0x5b || byte === 0x5d) listDepth = byte === 0x5b ? listDepth + 1 : Math.max(0, listDepth - 1)
      if (listDepth <= MAX_DEPTH && isSeparator(bytes, at)) {
        at++
        continue
      }
      if (line.end < at) {
        const newline = bytes.indexOf(NEWLINE, at)
        line = { end: newline === -1 ? bytes.length : newline, isPlain: newline !== -1 || isEnd }
      }
      const next = byte === OPEN ? takeObject(at, line, isEnd, found) : takeOther(at, line.end, isEnd, found)
      if (next === undefined) break
      at = next
    }
    window.consume(Math.min(at, bytes.length))
    if (window.bytes.length > MAX_RECORD_BYTES) startSkipping(found)
    return found
  }

  /** Takes the object at `at`; where the next look begins, or undefined when the object goes on in bytes to come. */
  function takeObject(at: number, line: Line, isEnd: boolean, found: Found): number | undefined {
    const end = line.isPlain ? trimEnd(window.bytes, at, line.end) : 0
    if (window.bytes[end - 1] === 0x7d && end - at <= MAX_RECORD_BYTES) {
      const record = parse(at, end)
      if (record !== undefined) {
        found.push(record)
        return end
      }
    }
    // Not one object in one line: look byte by byte, for the rest of this line too.
    line.isPlain = false
    return takeScanned(at, line.end, isEnd, found)
  }

  function takeScanned(at: number, lineEnd: number, isEnd: boolean, found: Found): number | undefined {
    const { bytes } = window
    const scan = scanObject(bytes, at)
    if (scan.kind === 'whole') {
      const record = scan.end - at > MAX_RECORD_BYTES ? tooLarge(at, scan.end) : parse(at, scan.end)
      if (record === undefined) return rejectLines(at, scan.end, 'not_json', 'it is not well-formed JSON', found)
      found.push(record)
      return scan.end
    }
    if (scan.kind === 'too_deep') {
      found.push(broken(at, scan.end, 'too_deep', TOO_DEEP))
      return scan.end
    }
    if (!isEnd && (scan.kind === 'open' || lineEnd === bytes.length)) return undefined
    if (scan.kind === 'broken') {
      const end = Math.max(lineEnd, bytes.lastIndexOf(NEWLINE, scan.at) + 1)
      return rejectLines(at, end, 'not_json', `it is not well-formed JSON at its byte ${scan.at - at}`, found)
    }
    if (!scan.isTooDeep) return rejectLines(at, bytes.length, 'truncated', 'the object has no end', found)
    found.push(broken(at, bytes.length, 'too_deep', TOO_DEEP))
    return bytes.length
  }

  function takeOther(at: number, lineEnd: number, isEnd: boolean, found: Found): number | undefined {
    const { bytes } = window
    let end = lineEnd
    if (listDepth > 0 && listDepth <= MAX_DEPTH) end = endOfElement(bytes, at, lineEnd)
    if (end === bytes.length && !isEnd) return undefined
    const last = trimEnd(bytes, at, end)
    if (listDepth > MAX_DEPTH) {
      listDepth = 0
      found.push(broken(at, last, 'too_deep', TOO_DEEP))
    } else if (!isRecordLine(bytes.subarray(at, last))) {
      found.push(broken(at, last, 'not_json', 'it does not begin with an opening brace'))
    }
    return end
  }

  /** Rejects what begins at `at`, but not lines within that look like records of their own. */
  function rejectLines(at: number, end: number, reason: DeadLetterReason, detail: string, found: Found): number {
    const next = window.bytes.subarray(at, end).indexOf(LINE_START_OPEN)
    const stop = next === -1 ? end : at + next + 1
    found.push(broken(at, trimEnd(window.bytes, at, stop), reason, detail))
    return stop
  }

  function parse(at: number, end: number): JsonRecord | BrokenRecord | undefined {
    const { bytes } = window
    const text = bytes.toString('utf8', at, end)
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(at, end)))
      return broken(at, end, 'not_utf8', 'it has bytes that are not UTF-8')
    const value = parseJson(text)
    if (value === undefined) return undefined
    if (isTooDeep(value)) return broken(at, end, 'too_deep', TOO_DEEP)
    return { kind: 'record', value, text, bytes: () => bytes.subarray(at, end), offset: window.offset + at }
  }

  function broken(at: number, end: number, reason: DeadLetterReason, detail: string): BrokenRecord {
    const { bytes, offset } = window
    if (end - at > MAX_RECORD_BYTES) return tooLarge(at, end)
    return { kind: 'broken', reason, detail, bytes: bytes.subarray(at, end), length: end - at, offset: offset + at }
  }

  function tooLarge(at: number, end: number): BrokenRecord {
    const head = Buffer.from(window.bytes.subarray(at, at + MAX_REJECT_BYTES))
    return largeReject(head, end - at, window.offset + at)
  }

  function startSkipping(found: Found): void {
    const { bytes, offset } = window
    const head = Buffer.from(bytes.subarray(0, MAX_REJECT_BYTES))
    skipped = { head, offset, length: 0, isOneLine: bytes.indexOf(NEWLINE) === -1 }
    skip(found)
  }

  /** Passes over the rest of a record that is too large; true when its end was found. */
  function skip(found: Found): boolean {
    if (skipped === undefined) return true
    const { bytes } = window
    const newline = skipped.isOneLine ? bytes.indexOf(NEWLINE) : bytes.indexOf(LINE_START_OPEN)
    // A line break at the very end may be half of what is looked for.
    const length = newline !== -1 ? newline : bytes.length - (skipped.isOneLine || bytes.at(-1) !== NEWLINE ? 0 : 1)
    skipped.length += length
    window.consume(length)
    if (newline === -1) return false
    found.push(endOfSkipped())
    return true
  }

  function endOfSkipped(): BrokenRecord {
    const { head, offset, length } = skipped ?? { head: Buffer.alloc(0), offset: 0, length: 0 }
    skipped = undefined
    return largeReject(head, length, offset)
  }

  return { push, end }
}

function largeReject(head: Buffer, length: number, offset: number): BrokenRecord {
  const detail = `it has ${length} bytes; ${MAX_RECORD_BYTES} are allowed`
  return { kind: 'broken', reason: 'too_large', detail, bytes: head, length, offset }
}
