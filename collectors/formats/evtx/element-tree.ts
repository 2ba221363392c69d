/**
 * BinXML read into a tree: once for each template definition, or for a fragment that stands without a template.
 * The tree keeps the substitutions as places to fill; `plan.ts` turns it into what is run for each record.
 */
import { MAX_DEPTH } from '../format.ts'
import type { Attribute, Element, Piece, Substitution, Text } from './element.ts'
import { MORE, TOKEN, VALUE } from './layout.ts'
import { nameAt, nameEntryBytes } from './names.ts'
import { type DefinitionTrace, fail, isSpent, type ReaderState, spend } from './reader-state.ts'
import { fixedSize, valueText } from './value-text.ts'

type Cursor = {
  readonly state: ReaderState
  readonly start: number
  position: number
  readonly end: number
  readonly trace: DefinitionTrace
  /** Bytes between the token of an element and its name: a dependency id (2), where there is one, and its size (4). */
  readonly elementHeaderBytes: number
}

/**
 * Reads the first element of the fragment that stands in the chunk from `start` to `end`; undefined, with the state's
 * fault set, when there is none. Prolog tokens (fragment header, processing instructions) are passed over.
 */
export function readElementTree(
  state: ReaderState,
  start: number,
  end: number,
  hasDependencyIds: boolean,
  trace = createTrace(),
): Element | undefined {
  if (!spend(state, end - start)) return undefined
  const cursor: Cursor = { state, start, position: start, end, trace, elementHeaderBytes: hasDependencyIds ? 6 : 4 }
  while (has(cursor, 1)) {
    const kind = state.view.getUint8(cursor.position) & ~MORE
    const token = readToken(cursor)
    if (kind === TOKEN.openStartElement) {
      const element = readElement(cursor, token, 1)
      trace.end.element = cursor.position - start
      return element
    }
    if (!skipProlog(cursor, kind)) return undefined
  }
  return undefined
}

export function createTrace(): DefinitionTrace {
  return { starts: [], ends: [], names: [], end: { lastName: 0, element: 0 } }
}

/** Notes the name, or with undefined the size, at `at`; the cursor stands behind it. */
function note({ trace, start, position }: Cursor, at: number, name: string | undefined): void {
  trace.starts.push(trace.end.lastName)
  trace.ends.push(at - start)
  trace.names.push(name)
  trace.end.lastName = position - start
}

/**
 * An element that stands in a record without a template. Its elements carry dependency ids in some writers' files and
 * none in others'; with the wrong guess names stand outside the chunk, so the other is tried when the first fails.
 */
export function readBareElement(state: ReaderState, start: number, end: number): Element | undefined {
  const element = readElementTree(state, start, end, true)
  if (element !== undefined || isSpent(state)) return element
  const fault = state.fault
  state.fault = ''
  const other = readElementTree(state, start, end, false)
  if (other === undefined) state.fault = fault
  return other
}

function skipProlog(cursor: Cursor, kind: number): boolean {
  if (kind === TOKEN.fragmentHeader) return skip(cursor, 3)
  if (kind === TOKEN.piTarget) return readName(cursor) !== undefined
  if (kind === TOKEN.piData) return readCountedText(cursor) !== undefined
  return fail(cursor.state, `BinXML token 0x${kind.toString(16)} where an element should start`)
}

function readElement(cursor: Cursor, token: number, depth: number): Element | undefined {
  if (depth > MAX_DEPTH) {
    fail(cursor.state, `elements nest deeper than ${MAX_DEPTH} levels`)
    return undefined
  }
  if (!skip(cursor, cursor.elementHeaderBytes)) return undefined
  note(cursor, cursor.position - 4, undefined)
  const name = readName(cursor)
  if (name === undefined) return undefined
  const attributes: Attribute[] = []
  if ((token & MORE) !== 0 && !readAttributes(cursor, attributes)) return undefined
  const close = readToken(cursor)
  if (close === TOKEN.closeEmptyElement) return { kind: 'element', name, attributes, pieces: [] }
  if (close !== TOKEN.closeStartElement) {
    unexpected(cursor, close)
    return undefined
  }
  const pieces = readContent(cursor, depth)
  return pieces && { kind: 'element', name, attributes, pieces }
}

function readAttributes(cursor: Cursor, attributes: Attribute[]): boolean {
  if (!skip(cursor, 4)) return false
  note(cursor, cursor.position - 4, undefined)
  while (has(cursor, 1) && (cursor.state.view.getUint8(cursor.position) & ~MORE) === TOKEN.attribute) {
    cursor.position += 1
    const name = readName(cursor)
    if (name === undefined) return false
    const pieces: (Text | Substitution)[] = []
    while (has(cursor, 1) && isCharacterToken(cursor.state.view.getUint8(cursor.position) & ~MORE)) {
      const piece = readPiece(cursor, readToken(cursor) & ~MORE)
      if (piece === undefined) return false
      pieces.push(piece)
    }
    attributes.push({ name, pieces })
  }
  return cursor.state.fault === ''
}

function readContent(cursor: Cursor, depth: number): Piece[] | undefined {
  const pieces: Piece[] = []
  for (;;) {
    const token = readToken(cursor)
    const kind = token & ~MORE
    if (token < 0) return undefined
    if (kind === TOKEN.endElement) return pieces
    if (kind === TOKEN.piTarget || kind === TOKEN.piData) {
      if (!skipProlog(cursor, kind)) return undefined
      continue
    }
    const piece = kind === TOKEN.openStartElement ? readElement(cursor, token, depth + 1) : readPiece(cursor, kind)
    if (piece === undefined) return undefined
    pieces.push(piece)
  }
}

function isCharacterToken(kind: number): boolean {
  return (
    kind === TOKEN.value ||
    kind === TOKEN.cdata ||
    kind === TOKEN.charRef ||
    kind === TOKEN.entityRef ||
    kind === TOKEN.normalSubstitution ||
    kind === TOKEN.optionalSubstitution
  )
}

function readPiece(cursor: Cursor, kind: number): Text | Substitution | undefined {
  switch (kind) {
    case TOKEN.normalSubstitution:
    case TOKEN.optionalSubstitution: {
      const at = cursor.position
      if (!skip(cursor, 3)) return undefined
      const index = cursor.state.view.getUint16(at, true)
      return { kind: 'substitution', index, optional: kind === TOKEN.optionalSubstitution }
    }
    case TOKEN.value:
      return asText(readLiteral(cursor))
    case TOKEN.cdata:
      return asText(readCountedText(cursor))
    case TOKEN.charRef: {
      const at = cursor.position
      return skip(cursor, 2) ? asText(String.fromCharCode(cursor.state.view.getUint16(at, true))) : undefined
    }
    case TOKEN.entityRef:
      return asText(entityText(readName(cursor)))
    default:
      unexpected(cursor, kind)
      return undefined
  }
}

function asText(text: string | undefined): Text | undefined {
  return text === undefined ? undefined : { kind: 'text', text }
}

/** A literal: a counted string, or a value whose type says how long it is. */
function readLiteral(cursor: Cursor): string | undefined {
  const at = cursor.position
  if (!skip(cursor, 1)) return undefined
  const type = cursor.state.view.getUint8(at)
  if (type === VALUE.string) return readCountedText(cursor)
  const size = fixedSize(type)
  if (size === undefined) {
    fail(cursor.state, `a literal of value type 0x${type.toString(16)}, whose length is not known`)
    return undefined
  }
  return skip(cursor, size) ? valueText(cursor.state, type, at + 1, size) : undefined
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function entityText(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : `&${name};`
}

/** UTF-16 text after its count of characters. */
function readCountedText(cursor: Cursor): string | undefined {
  const at = cursor.position
  if (!skip(cursor, 2)) return undefined
  const bytes = cursor.state.view.getUint16(at, true) * 2
  return skip(cursor, bytes) ? valueText(cursor.state, VALUE.string, at + 2, bytes) : undefined
}

/** A name: the offset of its entry in the chunk's string table. The entry stands right here when this is its first use. */
function readName(cursor: Cursor): string | undefined {
  const { state } = cursor
  const at = cursor.position
  if (!skip(cursor, 4)) return undefined
  const offset = state.view.getUint32(at, true)
  const name = nameAt(state, offset)
  if (name === undefined) return undefined
  if (offset === cursor.position && !skip(cursor, nameEntryBytes(state, offset))) return undefined
  note(cursor, at, name)
  return name
}

/** The next token; -1, with the fault set, at the end. */
function readToken(cursor: Cursor): number {
  if (!has(cursor, 1)) return -1
  cursor.position += 1
  return cursor.state.view.getUint8(cursor.position - 1)
}

function unexpected(cursor: Cursor, token: number): void {
  fail(cursor.state, `unexpected BinXML token 0x${(token & 0xff).toString(16)}`)
}

function has(cursor: Cursor, count: number): boolean {
  return cursor.position + count <= cursor.end || fail(cursor.state, 'the BinXML ends in the middle')
}

function skip(cursor: Cursor, count: number): boolean {
  if (!has(cursor, count)) return false
  cursor.position += count
  return true
}
