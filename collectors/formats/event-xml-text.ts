/** One `<Event>` as text, wherever it came from (a file of events, a field of a shipper's JSON), to a WindowsEvent. */
import { SaxesParser } from 'saxes'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { createEventXmlBuilder, type EventXmlBuilder } from './event-xml-builder.ts'
import { readEventXmlFast } from './event-xml-fast.ts'
import { type Refusal, refuse } from './field-values.ts'
import type { FormatContext } from './format.ts'
import { unfoldControlReferences } from './xml-references.ts'

const builder = createEventXmlBuilder()

/**
 * The event, or why it is none: `not_xml`, `xml_dtd`, `too_deep`, `unknown_shape`, or what a field lacks. An XML
 * declaration, comments and white space may stand around it. Never throws.
 */
export function decodeEventXmlText(text: string, context: FormatContext): WindowsEvent | Refusal {
  return decodeEventXmlQuickly(text, context) ?? decodeWithParser(text, context)
}

/** The same; undefined when the quick reader cannot tell. */
export function decodeEventXmlQuickly(text: string, context: FormatContext): WindowsEvent | Refusal | undefined {
  if (text.includes('\0')) return undefined
  builder.reset()
  // A raw carriage return is a line break in XML; one that belongs to the text is written &#13;.
  const normal = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
  return readEventXmlFast(normal, builder) ? builder.finish(context) : undefined
}

/** The same by a full XML parser alone; what the quick reader is checked against. */
export function decodeWithParser(text: string, context: FormatContext): WindowsEvent | Refusal {
  if (text.includes('\0')) return refuse('not_xml', 'it holds a NUL character')
  builder.reset()
  const problem = parse(text, builder)
  return problem ?? builder.finish(context)
}

function parse(text: string, builder: EventXmlBuilder): Refusal | undefined {
  let problem: Refusal | undefined
  const parser = new SaxesParser({ xmlns: false, position: false })
  parser.on('error', ({ message }) => {
    // Windows writes control characters into events as they are.
    if (message !== 'disallowed character.') problem ??= refuse('not_xml', message)
  })
  parser.on('doctype', () => {
    problem = refuse('xml_dtd', 'it has a document type declaration')
  })
  parser.on('opentag', ({ name, attributes }) => {
    builder.open(localName(name))
    for (const attribute in attributes) builder.attribute(attribute, attributes[attribute] ?? '')
  })
  parser.on('text', (part) => {
    builder.text(part)
  })
  parser.on('cdata', (part) => {
    builder.text(part)
  })
  parser.on('closetag', () => {
    builder.close()
  })
  parser.write(text.includes('<![CDATA[') ? text : unfoldControlReferences(text)).close()
  return problem
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1)
