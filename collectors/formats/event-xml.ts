/**
 * Event XML: what wevtutil, Get-WinEvent's ToXml, Windows Event Forwarding (RenderedText) and the raw modes of shippers
 * write. UTF-8 or UTF-16, one event or many, with or without an element around them.
 */
import { isUtf8 } from 'node:buffer'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { createEventXmlSplitter, type EventXmlRecord } from './event-xml-records.ts'
import { decodeEventXmlQuickly, decodeEventXmlText } from './event-xml-text.ts'
import { isRefusal, type Refusal, refuse } from './field-values.ts'
import type { Decoded, Format, FormatContext, Reject } from './format.ts'
import { createUtf8Stream, utf8Head } from './utf8-stream.ts'

export const eventXml: Format = {
  name: 'event_xml',
  matches: matchesEventXml,
  decode: decodeEventXml,
}

export type EventXmlReader = {
  push(chunk: Uint8Array): readonly Decoded[]
  end(): readonly Decoded[]
}

const XML_START = /^[\s\ufeff\0]*<(?:[A-Za-z_?]|!)/
/** An event as it begins, wherever that is: text or the rest of an event stands before it and becomes a dead letter. */
const EVENT_START =
  /<Event\s[^<>]{0,200}schemas\.microsoft\.com\/win\/2004\/08\/events\/event["']|<(?:\w{1,20}:)?Event(?:\s[^<>]{0,300})?>\s*<(?:\w{1,20}:)?System>/

/** XML from its first character; or an event further on, but none that JSON carries or that a page of text or code quotes. */
function matchesEventXml(head: Uint8Array): boolean {
  const text = utf8Head(head).toString('utf8')
  if (XML_START.test(text)) return true
  const event = EVENT_START.exec(text)
  if (event === null || /^[\s\ufeff\0]*[[{]/.test(text)) return false
  return !/```|["'`][^"'`<>\n]{0,200}$/.test(text.slice(0, event.index))
}

export function createEventXmlReader(context: FormatContext): EventXmlReader {
  const text = createUtf8Stream()
  const splitter = createEventXmlSplitter((bytes) => readQuickly(bytes, context))
  const decodeAll = (records: readonly EventXmlRecord<Outcome>[]): Decoded[] =>
    records.map((record) => decodeRecord(record, context))
  return {
    push: (chunk) => decodeAll(splitter.push(text.push(chunk))),
    end: () => decodeAll([...splitter.push(text.end()), ...splitter.end()]),
  }
}

async function* decodeEventXml(
  input: AsyncIterable<Uint8Array>,
  context: FormatContext,
): AsyncGenerator<readonly Decoded[]> {
  const reader = createEventXmlReader(context)
  for await (const chunk of input) {
    const batch = reader.push(chunk)
    if (batch.length > 0) yield batch
  }
  const rest = reader.end()
  if (rest.length > 0) yield rest
}

type Outcome = WindowsEvent | Refusal

function readQuickly(bytes: Buffer, context: FormatContext): Outcome | undefined {
  const text = bytes.toString('utf8')
  // U+FFFD may stand for bytes that are no UTF-8: `decodeRecord` has a look.
  return text.includes('\ufffd') ? undefined : decodeEventXmlQuickly(text, context)
}

function decodeRecord(record: EventXmlRecord<Outcome>, context: FormatContext): Decoded {
  const { bytes, offset, problem } = record
  if (problem !== undefined) return reject(record, problem)
  const event = record.event ?? decodeBytes(bytes, context)
  return isRefusal(event) ? reject(record, event) : { kind: 'event', event, offset, bytes: () => bytes }
}

function decodeBytes(bytes: Buffer, context: FormatContext): Outcome {
  const text = bytes.toString('utf8')
  if (text.includes('\ufffd') && !isUtf8(bytes)) return refuse('not_utf8', 'it has bytes that are not UTF-8')
  return decodeEventXmlText(text, context)
}

function reject(record: EventXmlRecord<Outcome>, { reason, detail }: Refusal): Reject {
  const { bytes, offset, length } = record
  return { kind: 'reject', reason, detail, offset, bytes, length, shipper: 'event_xml' }
}
