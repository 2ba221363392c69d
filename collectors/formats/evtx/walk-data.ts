/**
 * The fields of EventData, UserData and their kin by walking the element tree with an instance's values: the way for
 * whatever the flat form of a plan cannot hold (arrays, elements that go with a null, nested BinXML, mixed content).
 */
import { addDataField } from '../data-fields.ts'
import { MAX_DEPTH } from '../format.ts'
import type { Element, Piece } from './element.ts'
import { ARRAY, VALUE } from './layout.ts'
import { attributeOf, fieldAttributes, isBlank, sourceOf } from './plan.ts'
import { fail, type Frame, type ReaderState, spend } from './reader-state.ts'
import { holdsFragment, readNested, sourceText } from './source.ts'
import { arrayItems } from './value-text.ts'

/** What a walk gathers, and how many `<Data>` it met (`position`). */
type Walk = { readonly state: ReaderState; readonly data: Record<string, string>; position: number }
/** Where the walk stands: `nesting` counts elements, `depth` the BinXML values around them. */
type Place = {
  readonly frame: Frame
  readonly depth: number
  readonly nesting: number
  readonly prefix: string
  readonly isEventData: boolean
}

/** Adds the fields under `element` to `data`; stops early, with the state's fault set, at what cannot be read. */
export function walkData(
  state: ReaderState,
  element: Element,
  frame: Frame,
  depth: number,
  data: Record<string, string>,
): void {
  const walk: Walk = { state, data, position: 0 }
  const place: Place = { frame, depth, nesting: 0, prefix: '', isEventData: element.name === 'EventData' }
  if (element.name === 'UserData') forEachElement(walk, element, place, (root, at) => walkContent(walk, root, at, ''))
  else walkContent(walk, element, place, element.name)
}

/** The fields in an element; text that stands among them is one more, named `textName` ('' for none). */
function walkContent(walk: Walk, parent: Element, place: Place, textName: string): void {
  let text = ''
  for (const piece of parent.pieces) {
    if (walk.state.fault !== '') return
    if (visitElement(walk, piece, place, walkField)) continue
    text += sourceText(walk.state, sourceOf([piece]), place.frame, place.depth) ?? ''
  }
  if (text.trim() !== '') addField(walk, textName === '' ? parent.name : textName, text)
}

type Visit = (walk: Walk, element: Element, place: Place) => void

/** Visits the element that a piece is, or that the fragment in its value holds; false when it is neither. */
function visitElement(walk: Walk, piece: Piece, place: Place, visit: Visit): boolean {
  if (place.nesting > MAX_DEPTH) return !fail(walk.state, `elements nest deeper than ${MAX_DEPTH} levels`)
  if (piece.kind === 'text') return false
  if (piece.kind === 'element') {
    visit(walk, piece, place)
    return true
  }
  const { frame, depth } = place
  if (piece.index >= frame.count) return false
  const offset = frame.offsets[piece.index] as number
  const size = frame.sizes[piece.index] as number
  if (!holdsFragment(walk.state, frame.types[piece.index] as number, offset, size)) return false
  const nested = readNested(walk.state, offset, size, depth + 1)
  if (nested !== null) visit(walk, nested.element, { ...place, frame: nested.frame, depth: depth + 1 })
  return true
}

function forEachElement(walk: Walk, parent: Element, place: Place, visit: (element: Element, at: Place) => void): void {
  for (const piece of parent.pieces) {
    if (walk.state.fault !== '') return
    visitElement(walk, piece, place, (_walk, element, at) => visit(element, at))
  }
}

function walkField(walk: Walk, element: Element, place: Place): void {
  const { state } = walk
  const isData = place.isEventData && element.name === 'Data'
  const given = sourceText(state, attributeOf(element, 'Name'), place.frame, place.depth)
  const own = given || (isData ? undefined : element.name)
  const name = own === undefined ? undefined : place.prefix + own
  if (hasElements(state, element, place.frame)) {
    if (isData) walk.position += 1
    const label = name ?? `param${walk.position}`
    walkAttributes(walk, element, place, label)
    walkContent(walk, element, { ...place, nesting: place.nesting + 1, prefix: `${label}.`, isEventData: false }, label)
    return
  }
  for (const value of leafValues(state, element, place)) {
    if (isData) walk.position += 1
    addField(walk, name, value)
    walkAttributes(walk, element, place, name ?? `param${walk.position}`)
  }
}

function walkAttributes(walk: Walk, element: Element, { frame, depth }: Place, label: string): void {
  for (const attribute of fieldAttributes(element)) {
    const value = sourceText(walk.state, sourceOf(attribute.pieces), frame, depth)
    const isGone = value === null && attribute.pieces.every((piece) => piece.kind === 'substitution' && piece.optional)
    if (!isGone || attribute.pieces.length === 0) addField(walk, `${label}@${attribute.name}`, value ?? '')
  }
}

function hasElements(state: ReaderState, element: Element, frame: Frame): boolean {
  return element.pieces.some((piece) => {
    if (piece.kind !== 'substitution' || piece.index >= frame.count) return piece.kind === 'element'
    const type = frame.types[piece.index] as number
    return holdsFragment(state, type, frame.offsets[piece.index] as number, frame.sizes[piece.index] as number)
  })
}

/**
 * The texts of a leaf: none when it goes with its null value, several when its value is an array (Windows repeats the
 * element for each item, [MS-EVEN6] 2.2.12).
 */
function leafValues(state: ReaderState, element: Element, { frame, depth }: Place): readonly string[] {
  const pieces = element.pieces.filter((piece) => !isBlank(piece))
  const [only] = pieces
  if (pieces.length === 1 && only?.kind === 'substitution') {
    const type = only.index < frame.count ? (frame.types[only.index] as number) : VALUE.null
    if (type === VALUE.null) return only.optional ? [] : ['']
    if ((type & ARRAY) !== 0) {
      const items = arrayItems(state, type, frame.offsets[only.index] as number, frame.sizes[only.index] as number)
      return items.length === 0 ? [''] : items
    }
  }
  return [sourceText(state, sourceOf(element.pieces), frame, depth) ?? '']
}

function addField(walk: Walk, name: string | undefined, value: string): void {
  if (walk.state.fault === '' && spend(walk.state, 16)) addDataField(walk.data, name, walk.position, value)
}
