/** Finds where XML constructs end, on bytes. UTF-8 and every ASCII-compatible encoding have `<` only where it is one. */

const INCOMPLETE = -1

const QUOTE = 0x22
const APOSTROPHE = 0x27
const GT = 0x3e

const at = (pattern: string): Buffer => Buffer.from(pattern, 'latin1')
const COMMENT_END = at('-->')
const CDATA_END = at(']]>')
const PI_END = at('?>')
const ROOT_NAMESPACE = at('schemas.microsoft.com/win/2004/08/events/event')

type Markup = 'open' | 'close' | 'empty' | 'comment' | 'cdata' | 'instruction' | 'declaration'

/** One piece of markup: what it is, the byte after it, and the local name where it is a tag. */
export type MarkupScan = { readonly kind: Markup; readonly end: number; readonly name: string }

/** The markup that begins with the `<` at `start`; undefined when the bytes end before it does. */
export function scanMarkup(bytes: Buffer, start: number): MarkupScan | undefined {
  const next = bytes[start + 1]
  if (next === undefined) return undefined
  if (next === 0x3f) return until(bytes, start + 2, PI_END, 'instruction')
  if (next === 0x21) return scanDeclaration(bytes, start)
  const isClose = next === 0x2f
  const end = endOfTag(bytes, start + 1)
  if (end === INCOMPLETE) return undefined
  const name = localNameAt(bytes, start + (isClose ? 2 : 1), end)
  const kind = isClose ? 'close' : bytes[end - 2] === 0x2f ? 'empty' : 'open'
  return { kind, end, name }
}

function scanDeclaration(bytes: Buffer, start: number): MarkupScan | undefined {
  const head = bytes.toString('latin1', start, start + 9)
  if (head.startsWith('<!--')) return until(bytes, start + 4, COMMENT_END, 'comment')
  if (head === '<![CDATA[') return until(bytes, start + 9, CDATA_END, 'cdata')
  if (head.length < 9 && ('<![CDATA['.startsWith(head) || head === '<!-')) return undefined
  return scanDoctype(bytes, start)
}

/** To the `>` that is outside quotes and outside the brackets of the internal subset. */
function scanDoctype(bytes: Buffer, start: number): MarkupScan | undefined {
  let brackets = 0
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE || byte === APOSTROPHE) {
      const close = bytes.indexOf(byte, i + 1)
      if (close < 0) return undefined
      i = close
    } else if (byte === 0x5b) brackets++
    else if (byte === 0x5d) brackets--
    else if (byte === GT && brackets <= 0) return { kind: 'declaration', end: i + 1, name: '' }
  }
  return undefined
}

function until(bytes: Buffer, from: number, pattern: Buffer, kind: Markup): MarkupScan | undefined {
  const found = bytes.indexOf(pattern, from)
  return found < 0 ? undefined : { kind, end: found + pattern.length, name: '' }
}

/** The byte after the `>` of a tag; quotes may hold one. A `<` ends a tag that is broken, just before it. */
function endOfTag(bytes: Buffer, from: number): number {
  let quote = 0
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === 0x3c) return i
    if (quote !== 0) {
      if (byte === quote) quote = 0
    } else if (byte === GT) return i + 1
    else if (byte === QUOTE || byte === APOSTROPHE) quote = byte
  }
  return INCOMPLETE
}

function localNameAt(bytes: Buffer, from: number, end: number): string {
  let stop = from
  while (stop < end && stop - from < 256 && !isNameEnd(bytes[stop] ?? 0)) stop++
  const name = bytes.toString('latin1', from, stop)
  return name.slice(name.indexOf(':') + 1)
}

const isNameEnd = (byte: number): boolean => byte <= 0x20 || byte === GT || byte === 0x2f || byte === 0x3c

/**
 * The byte after the `<Event>` element whose start tag begins at `start`, or where another event begins inside it
 * (`isCut`: the first has no end of its own). Undefined when the bytes end first. Events in UserData may hold elements
 * of that name; those are told from a new event by its namespace or by the System element that follows.
 */
export function scanEvent(bytes: Buffer, start: number): { readonly end: number; readonly isCut: boolean } | undefined {
  let depth = 0
  let position = start
  for (;;) {
    const markup = scanMarkup(bytes, position)
    if (markup === undefined) return undefined
    if (markup.name === 'Event') {
      if (markup.kind === 'close') depth--
      else if (markup.kind === 'open') {
        if (depth > 0 && isRoot(bytes, position, markup.end)) return { end: position, isCut: true }
        depth++
      }
      if (depth <= 0) return { end: markup.end, isCut: false }
    }
    position = bytes.indexOf(0x3c, markup.end)
    if (position < 0) return undefined
  }
}

function isRoot(bytes: Buffer, start: number, end: number): boolean {
  return (
    bytes.subarray(start, end).includes(ROOT_NAMESPACE) ||
    /^\s*<(?:\w+:)?System[\s>]/.test(bytes.toString('latin1', end, end + 80))
  )
}
