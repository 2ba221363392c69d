/**
 * Cuts a stream of XML of any length into events: one or many, with or without an element around them, with
 * declarations, comments and processing instructions between. Memory holds one piece of the stream and at most one
 * event. What is broken is cut off where the next event begins.
 */
import type { DeadLetterReason } from '../../schemas/dead-letter.ts'
import { MAX_RECORD_BYTES, MAX_REJECT_BYTES } from './format.ts'
import { createRecordWindow } from './record-window.ts'
import { type MarkupScan, scanEvent, scanMarkup } from './xml-scan.ts'

export type EventXmlRecord<Event> = {
  /** What the quick reader made of it, where that could read it. */
  readonly event?: Event
  readonly bytes: Buffer
  readonly offset: number
  readonly length: number
  /** Why it can be no event; undefined when it may be one. */
  readonly problem?: { readonly reason: DeadLetterReason; readonly detail: string }
}
export type EventXmlSplitter<Event> = {
  push(chunk: Buffer): readonly EventXmlRecord<Event>[]
  end(): readonly EventXmlRecord<Event>[]
}

const START = Buffer.from('<Event ')
const END = Buffer.from('</Event>')

/**
 * `readQuickly` is given what stands from `<Event ` to the next `</Event>`. What it can read is one whole event, which
 * proves that it ends there; where it gives up (undefined) the end is looked for piece by piece: comments and CDATA
 * may hold `</Event>`, and UserData elements of that name.
 */
export function createEventXmlSplitter<Event>(
  readQuickly: (bytes: Buffer) => Event | undefined,
): EventXmlSplitter<Event> {
  const window = createRecordWindow()
  let doctype: number | undefined
  let skipped: { head: Buffer; offset: number; length: number } | undefined
  // An element around the events that is not `Events`: it may hold text, and perhaps no event at all.
  let foreign: { name: string; head: Buffer; offset: number } | undefined
  let isEmpty = true

  function push(chunk: Buffer): readonly EventXmlRecord<Event>[] {
    return window.push(chunk) ? drain(false) : []
  }

  function end(): readonly EventXmlRecord<Event>[] {
    window.join()
    const found = drain(true)
    if (skipped !== undefined) found.push(endOfSkipped())
    else if (doctype !== undefined) {
      found.push(reject(doctype, window.bytes.length, 'xml_dtd', 'it has a document type or entity declaration'))
    }
    if (isEmpty && found.length === 0 && foreign !== undefined) found.push(foreignReject(foreign))
    return found
  }

  function foreignReject({
    name,
    head,
    offset,
  }: {
    name: string
    head: Buffer
    offset: number
  }): EventXmlRecord<Event> {
    const detail = `<${name}> holds no Windows event`
    const length = window.offset + window.bytes.length - offset
    return { bytes: head, offset, length, problem: { reason: 'unknown_shape', detail } }
  }

  function drain(isEnd: boolean): EventXmlRecord<Event>[] {
    const found: EventXmlRecord<Event>[] = []
    if (skipped !== undefined && !skip(found)) return found
    let at = 0
    while (at < window.bytes.length) {
      const next = step(at, isEnd, found)
      if (next === undefined) break
      at = next
    }
    // A document type declaration is kept with the event after it.
    window.consume(doctype === undefined ? at : Math.min(at, doctype))
    if (doctype !== undefined) doctype = 0
    if (window.bytes.length > MAX_RECORD_BYTES) startSkipping(found)
    if (found.length > 0) isEmpty = false
    return found
  }

  function step(at: number, isEnd: boolean, found: EventXmlRecord<Event>[]): number | undefined {
    const { bytes } = window
    const open = bytes.indexOf(0x3c, at)
    if (open !== at) {
      // A piece of garbage that goes on is looked at when its end is there.
      if (open < 0 && !isEnd && !isBlank(bytes, at, bytes.length)) return undefined
      const stop = open < 0 ? bytes.length : open
      if (!isBlank(bytes, at, stop) && foreign === undefined)
        found.push(reject(at, trimEnd(bytes, at, stop), 'not_xml', 'text that belongs to no event'))
      return stop
    }
    if (doctype === undefined && isStart(bytes, at)) {
      const close = bytes.indexOf(END, at)
      const end = close + END.length
      if (close > 0 && end - at <= MAX_RECORD_BYTES) {
        const event = readQuickly(bytes.subarray(at, end))
        if (event !== undefined) {
          found.push({ event, bytes: bytes.subarray(at, end), offset: window.offset + at, length: end - at })
          return end
        }
      }
    }
    return stepMarkup(at, isEnd, found)
  }

  function stepMarkup(at: number, isEnd: boolean, found: EventXmlRecord<Event>[]): number | undefined {
    const { bytes } = window
    const markup = scanMarkup(bytes, at)
    if (markup?.kind === 'declaration') {
      doctype ??= at
      return markup.end
    }
    if (markup !== undefined && (markup.name !== 'Event' || markup.kind === 'close')) {
      noteForeign(at, markup)
      return markup.end
    }
    const event = markup === undefined ? undefined : scanEvent(bytes, at)
    if (event?.isCut === false) return take(at, event.end, found)
    if (event !== undefined) {
      found.push(reject(at, event.end, 'truncated', 'the next event begins before this one ends'))
      return event.end
    }
    if (!isEnd && bytes.length - at <= MAX_RECORD_BYTES) return undefined
    // No end: a comment, a CDATA section or the event itself was never closed. The next event may be whole.
    const next = bytes.indexOf(START, at + 1)
    if (next < 0 && !isEnd) return undefined
    const stop = next < 0 ? bytes.length : next
    if (markup === undefined && isDeclaration(bytes, at)) doctype ??= at
    else found.push(reject(at, trimEnd(bytes, at, stop), 'truncated', 'the event has no end'))
    return stop
  }

  function noteForeign(at: number, { kind, name }: MarkupScan): void {
    if (!isEmpty || foreign !== undefined || kind !== 'open' || name === 'Events') return
    const head = Buffer.from(window.bytes.subarray(at, at + MAX_REJECT_BYTES))
    foreign = { name, head, offset: window.offset + at }
  }

  function take(at: number, end: number, found: EventXmlRecord<Event>[]): number {
    if (doctype !== undefined) {
      found.push(reject(doctype, end, 'xml_dtd', 'it has a document type or entity declaration'))
      doctype = undefined
    } else if (end - at > MAX_RECORD_BYTES) found.push(tooLarge(window.bytes, at, end - at, window.offset + at))
    else found.push({ bytes: window.bytes.subarray(at, end), offset: window.offset + at, length: end - at })
    return end
  }

  function reject(at: number, end: number, reason: DeadLetterReason, detail: string): EventXmlRecord<Event> {
    if (end - at > MAX_RECORD_BYTES) return tooLarge(window.bytes, at, end - at, window.offset + at)
    const bytes = window.bytes.subarray(at, end)
    return { bytes, offset: window.offset + at, length: end - at, problem: { reason, detail } }
  }

  function startSkipping(found: EventXmlRecord<Event>[]): void {
    const head = Buffer.from(window.bytes.subarray(0, MAX_REJECT_BYTES))
    doctype = undefined
    skipped = { head, offset: window.offset, length: 0 }
    // The first byte is the start of what is skipped, not of the next event.
    skipped.length += 1
    window.consume(1)
    skip(found)
  }

  /** Passes over the rest of an event that is too large, to the next event; true when one was found. */
  function skip(found: EventXmlRecord<Event>[]): boolean {
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

  function endOfSkipped(): EventXmlRecord<Event> {
    const { head, offset, length } = skipped ?? { head: Buffer.alloc(0), offset: 0, length: 0 }
    skipped = undefined
    return tooLarge(head, 0, length, offset)
  }

  return { push, end }
}

function tooLarge<Event>(bytes: Buffer, at: number, length: number, offset: number): EventXmlRecord<Event> {
  const head = Buffer.from(bytes.subarray(at, at + Math.min(length, MAX_REJECT_BYTES)))
  const detail = `the event has ${length} bytes; ${MAX_RECORD_BYTES} are allowed`
  return { bytes: head, offset, length, problem: { reason: 'too_large', detail } }
}

function isDeclaration(bytes: Buffer, at: number): boolean {
  return bytes[at + 1] === 0x21 && bytes[at + 2] !== 0x2d && bytes[at + 2] !== 0x5b
}

/** Does `<Event ` begin here? */
function isStart(bytes: Buffer, at: number): boolean {
  return (
    bytes[at + 1] === 0x45 &&
    bytes[at + 2] === 0x76 &&
    bytes[at + 3] === 0x65 &&
    bytes[at + 4] === 0x6e &&
    bytes[at + 5] === 0x74 &&
    bytes[at + 6] === 0x20
  )
}

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
