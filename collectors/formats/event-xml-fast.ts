/**
 * Reads the XML that Windows writes for an event, quickly: tags with plain names and attributes, text, the predefined
 * entities and character references. It gives up (false) on everything else, well-formed or not, and the caller then
 * asks a full parser (`event-xml-text.ts`): so it may be narrow, but it must never read anything differently. A
 * differential test holds it to that.
 */
import type { EventXmlBuilder } from './event-xml-builder.ts'
import { decodeReferences } from './xml-references.ts'

const LT = 0x3c
const GT = 0x3e
const SLASH = 0x2f
const SPACE = 0x20
const EQUALS = 0x3d

/**
 * `text` is one `<Event>` without carriage returns and without U+0000. Reports it to `builder`, which was reset; on
 * false the builder holds rubbish and must be reset.
 */
export function readEventXmlFast(text: string, builder: EventXmlBuilder): boolean {
  // A full parser has words to say about these, and wevtutil never writes the first.
  if (text.includes(']]>')) return false
  const names: string[] = []
  let at = skipSpace(text, 0)
  if (text.charCodeAt(at) !== LT) return false
  for (;;) {
    at++
    if (text.charCodeAt(at) === SLASH) {
      const name = names.pop()
      if (name === undefined || !text.startsWith(name, at + 1)) return false
      at += name.length + 1
      if (text.charCodeAt(at) !== GT) return false
      builder.close()
      at++
      if (names.length === 0) return skipSpace(text, at) === text.length
    } else {
      const end = endOfName(text, at)
      if (end === at) return false
      const name = text.slice(at, end)
      builder.open(name)
      at = readAttributes(text, end, builder)
      if (at < 0) return false
      if (text.charCodeAt(at) === SLASH) {
        if (text.charCodeAt(at + 1) !== GT) return false
        builder.close()
        at++
        if (names.length === 0) return skipSpace(text, at + 1) === text.length
      } else names.push(name)
      at++
    }
    const next = text.indexOf('<', at)
    if (next < 0) return false
    if (next > at) {
      const raw = text.slice(at, next)
      const decoded = raw.includes('&') ? decodeReferences(raw) : raw
      if (decoded === undefined) return false
      builder.text(decoded)
    }
    at = next
  }
}

/** Index of the `>` or `/` that ends the tag; -1 to give up. */
function readAttributes(text: string, from: number, builder: EventXmlBuilder): number {
  let at = from
  let first = ''
  let others: Set<string> | undefined
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === GT || code === SLASH) return at
    if (code !== SPACE) return -1
    while (text.charCodeAt(at) === SPACE) at++
    const nameStart = at
    const nameEnd = endOfName(text, at)
    if (nameEnd === nameStart) {
      const end = text.charCodeAt(at)
      return end === GT || end === SLASH ? at : -1
    }
    if (text.charCodeAt(nameEnd) !== EQUALS) return -1
    const quote = text.charAt(nameEnd + 1)
    if (quote !== "'" && quote !== '"') return -1
    const valueEnd = text.indexOf(quote, nameEnd + 2)
    if (valueEnd < 0) return -1
    const name = text.slice(nameStart, nameEnd)
    if (first === '') first = name
    else {
      others ??= new Set([first])
      if (others.has(name)) return -1
      others.add(name)
    }
    const value = attributeValue(text.slice(nameEnd + 2, valueEnd))
    if (value === undefined) return -1
    builder.attribute(name, value)
    at = valueEnd + 1
  }
}

function attributeValue(raw: string): string | undefined {
  // White space would have to be normalised, and a < is an error.
  if (/[<\n\t]/.test(raw)) return undefined
  return raw.includes('&') ? decodeReferences(raw) : raw
}

/** Names of letters, digits and underscores; a colon, dot or dash after them makes the caller give up. */
function endOfName(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    const isLetter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f
    // Past the end the code is NaN, which is neither.
    const isDigit = code >= 0x30 && code <= 0x39
    if (!isLetter && (at === from || !isDigit)) return at
    at++
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== SPACE && code !== 0x0a && code !== 0x09) return at
    at++
  }
}
