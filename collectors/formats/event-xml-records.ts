/**
 * Cuts a stream of XML of any length into events: one or many, with or without an element around them, with
 * declarations, comments and processing instructions between. Memory holds one piece of the stream and at most one
 * event. What is broken is cut off where the next event begins.
 */
import type { DeadLetterReason } from '../../schemas/dead-letter.ts'
import { MAX_RECORD_BYTES, MAX_REJECT_BYTES } from './format.ts'
import { createRecordWindow } from './record-window.ts'
import { scanEvent, scanMarkup } from './xml-scan.ts'

export type EventXmlRecord = {
  readonly bytes: Buffer
  readonly offset: number
  readonly length: number
  /** Why it can be no event; undefined when it may be one. */
  readonly problem?: { readonly reason: DeadLetterReason; readonly detail: string }
}
export type EventXmlSplitter = {
  push(chunk: Buffer): readonly EventXmlRecord[]
  end(): readonly EventXmlRecord[]
}

const START = Buffer.from('<Event ')
const END = Buffer.from('</Event>')
// What makes an event unusual, so that its end must be looked for piece by piece.
const UNUSUAL = ['<Event>', '<Event\n', '<Event\r', '<Event\t', '<!', '<?', ':Event'].map((text) => Buffer.from(text))

export function createEventXmlSplitter(): EventXmlSplitter {
  const window = createRecordWindow()
  let doctype: number | undefined
  let skipped: { head: Buffer; offset: number; length: number } | undefined

  function push(chunk: Buffer): readonly EventXmlRecord[] {
    return window.push(chunk) ? drain(false) : []
  }

  function end(): readonly EventXmlRecord[] {
    window.join()
    const found = drain(true)
    if (skipped !== undefined) found.push(endOfSkipped())
    else if (doctype !== undefined) {
      found.push(reject(doctype, window.bytes.length, 'xml_dtd', 'it has a document type or entity declaration'))
    }
    return found
  }

  function drain(isEnd: boolean): EventXmlRecord[] {
    const found: EventXmlRecord[] = []
    if (skipped !== undefined && !skip(found)) return found
    const finders = UNUSUAL.map((pattern) => createFinder(window.bytes, pattern))
    const starts = createFinder(window.bytes, START)
    let at = 0
    while (at < window.bytes.length) {
      const next = step(at, isEnd, starts, finders, found)
      if (next === undefined) break
      at = next
    }
    // A document type declaration is kept with the event after it.
    window.consume(doctype === undefined ? at : Math.min(at, doctype))
    if (doctype !== undefined) doctype = 0
    if (window.bytes.length > MAX_RECORD_BYTES) startSkipping(found)
    return found
  }

  function step(at: number, isEnd: boolean, starts: Finder, unusual: readonly Finder[], found: EventXmlRecord[]) {
    const { bytes } = window
    const open = bytes.indexOf(0x3c, at)
    if (open !== at) {
      // A piece of garbage that goes on is looked at when its end is there.
      if (open < 0 && !isEnd && !isBlank(bytes, at, bytes.length)) return undefined
      const stop = open < 0 ? bytes.length : open
      if (!isBlank(bytes, at, stop)) found.push(reject(at, stop, 'not_xml', 'text that belongs to no event'))
      return stop
    }
    if (starts(at) === at) {
      const end = bytes.indexOf(END, at)
      const second = starts(at + 1)
      if (end > 0 && (second < 0 || second > end) && unusual.every((find) => isBeyond(find(at), end)))
        return take(at, end + END.length, found)
    }
    return stepMarkup(at, isEnd, starts, found)
  }

  function stepMarkup(at: number, isEnd: boolean, starts: Finder, found: EventXmlRecord[]): number | undefined {
    const { bytes } = window
    const markup = scanMarkup(bytes, at)
    if (markup?.kind === 'declaration') {
      doctype ??= at
      return markup.end
    }
    if (markup !== undefined && markup.name !== 'Event') return markup.end
    if (markup !== undefined && markup.kind === 'close') return markup.end
    const event = markup === undefined ? undefined : scanEvent(bytes, at)
    if (event?.isCut === false) return take(at, event.end, found)
    if (event !== undefined) {
      found.push(reject(at, event.end, 'truncated', 'the next event begins before this one ends'))
      return event.end
    }
    if (!isEnd && bytes.length - at <= MAX_RECORD_BYTES) return undefined
    // No end: a comment, a CDATA section or the event itself was never closed. The next event may be whole.
    const next = starts(at + 1)
    if (next < 0 && !isEnd) return undefined
    const stop = next < 0 ? bytes.length : next
    found.push(reject(at, trimEnd(bytes, at, stop), 'truncated', 'the event has no end'))
    return stop
  }

  function take(at: number, end: number, found: EventXmlRecord[]): number {
    if (doctype !== undefined) {
      found.push(reject(doctype, end, 'xml_dtd', 'it has a document type or entity declaration'))
      doctype = undefined
    } else if (end - at > MAX_RECORD_BYTES) found.push(tooLarge(window.bytes, at, end - at, window.offset + at))
    else found.push({ bytes: window.bytes.subarray(at, end), offset: window.offset + at, length: end - at })
    return end
  }

  function reject(at: number, end: number, reason: DeadLetterReason, detail: string): EventXmlRecord {
    if (end - at > MAX_RECORD_BYTES) return tooLarge(window.bytes, at, end - at, window.offset + at)
    const bytes = window.bytes.subarray(at, end)
    return { bytes, offset: window.offset + at, length: end - at, problem: { reason, detail } }
  }

  function startSkipping(found: EventXmlRecord[]): void {
    const head = Buffer.from(window.bytes.subarray(0, MAX_REJECT_BYTES))
    doctype = undefined
    skipped = { head, offset: window.offset, length: 0 }
    // The first byte is the start of what is skipped, not of the next event.
    skipped.length += 1
    window.consume(1)
    skip(found)
  }

  /** Passes over the rest of an event that is too large, to the next event; true when one was found. */
  function skip(found: EventXmlRecord[]): boolean {
    if (skipped === undefined) return true
    const { bytes } = window
    const next = bytes.indexOf(START)
    const length = next >= 0 ? next : Math.max(0, bytes.length - START.length + 1)
    skipped.length += length
    window.consume(length)
    if (next < 0) return false
    found.push(endOfSkipped())
    return true
  }

  function endOfSkipped(): EventXmlRecord {
    const { head, offset, length } = skipped ?? { head: Buffer.alloc(0), offset: 0, length: 0 }
    skipped = undefined
    return tooLarge(head, 0, length, offset)
  }

  return { push, end }
}

function tooLarge(bytes: Buffer, at: number, length: number, offset: number): EventXmlRecord {
  const head = Buffer.from(bytes.subarray(at, at + Math.min(length, MAX_REJECT_BYTES)))
  const detail = `the event has ${length} bytes; ${MAX_RECORD_BYTES} are allowed`
  return { bytes: head, offset, length, problem: { reason: 'too_large', detail } }
}

/** Where a pattern is next, from a place on; asked with rising places it reads the bytes once. */
type Finder = (from: number) => number

function createFinder(bytes: Buffer, pattern: Buffer): Finder {
  let known = bytes.indexOf(pattern)
  return function find(from) {
    if (known >= 0 && known < from) known = bytes.indexOf(pattern, from)
    return known
  }
}

const isBeyond = (found: number, end: number): boolean => found < 0 || found > end

/** White space, a byte order mark or NUL padding. */
function isBlank(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte !== 0 && byte !== 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
      return false
  }
  return true
}

function trimEnd(bytes: Buffer, from: number, end: number): number {
  let last = end
  while (last > from + 1 && isBlank(bytes, last - 1, last)) last--
  return last
}
