/**
 * A template definition compiled: which substitution fills which field of the event. Compiled once, run for each record.
 * What a plan cannot say in one look-up (mixed content, names that are themselves values) it leaves to the tree, which
 * `walk-data.ts` and `source.ts` can always evaluate.
 */
import { freeFieldName, setOwnField } from '../data-fields.ts'
import type { Attribute, Element, Piece, Substitution, Text } from './element.ts'

/** Where a text comes from: a constant, one substitution, or pieces to be joined. */
export type Source = {
  /** The constant; undefined when it is none. */
  readonly literal: string | undefined
  /** Index of the one substitution; -1 when it is not one. */
  readonly index: number
  readonly pieces: readonly Piece[]
}

export type SystemPlan = {
  readonly kind: 'system'
  readonly element: Element
  readonly provider: Source
  readonly event_id: Source
  readonly version: Source
  readonly level: Source
  readonly task: Source
  readonly opcode: Source
  readonly keywords: Source
  readonly occurred_at: Source
  readonly record_id: Source
  readonly activity_id: Source
  readonly process_id: Source
  readonly thread_id: Source
  readonly channel: Source
  readonly computer: Source
  readonly user_sid: Source
}

/** EventData, UserData or what else stands in their place. */
export type DataPlan = {
  readonly kind: 'data'
  readonly element: Element
  /** The fields in their order when each is one constant or substitution under a constant name; else undefined. */
  readonly flat: FlatFields | undefined
}
export type FlatFields = {
  /** All names, with the constants and else empty texts: what an event's `data` starts as. */
  readonly blank: Readonly<Record<string, string>>
  /** Name and substitution of the fields that are no constants, and how many these are. */
  readonly names: readonly string[]
  readonly indexes: Int32Array
  readonly count: number
  /** 1: the field's element goes when its value is null. */
  readonly optional: Uint8Array
}

type RenderingPlan = { readonly kind: 'rendering'; readonly element: Element; readonly message: Source }
/** The whole event; a substitution among the parts holds a BinXML fragment with a part of its own. */
type EventPlan = {
  readonly kind: 'event'
  readonly element: Element
  readonly parts: readonly (Plan | Substitution)[]
}
export type Plan = EventPlan | SystemPlan | DataPlan | RenderingPlan

export function compilePlan(element: Element): Plan {
  if (element.name === 'Event') return { kind: 'event', element, parts: compileParts(element) }
  return compilePart(element)
}

function compileParts(event: Element): (Plan | Substitution)[] {
  const parts: (Plan | Substitution)[] = []
  for (const piece of event.pieces) {
    if (piece.kind === 'element') parts.push(compilePart(piece))
    else if (piece.kind === 'substitution') parts.push(piece)
  }
  return parts
}

function compilePart(element: Element): Plan {
  if (element.name === 'System') return compileSystem(element)
  if (element.name === 'RenderingInfo') {
    return { kind: 'rendering', element, message: contentOf(childOf(element, 'Message')) }
  }
  return { kind: 'data', element, flat: compileFlatFields(element) }
}

function compileSystem(system: Element): SystemPlan {
  const content = (name: string) => contentOf(childOf(system, name))
  const attribute = (name: string, key: string) => attributeOf(childOf(system, name), key)
  return {
    kind: 'system',
    element: system,
    provider: attribute('Provider', 'Name'),
    event_id: content('EventID'),
    version: content('Version'),
    level: content('Level'),
    task: content('Task'),
    opcode: content('Opcode'),
    keywords: content('Keywords'),
    occurred_at: attribute('TimeCreated', 'SystemTime'),
    record_id: content('EventRecordID'),
    activity_id: attribute('Correlation', 'ActivityID'),
    process_id: attribute('Execution', 'ProcessID'),
    thread_id: attribute('Execution', 'ThreadID'),
    channel: content('Channel'),
    computer: content('Computer'),
    user_sid: attribute('Security', 'UserID'),
  }
}

function childOf(element: Element, name: string): Element | undefined {
  return element.pieces.find((piece): piece is Element => piece.kind === 'element' && piece.name === name)
}

function contentOf(element: Element | undefined): Source {
  return sourceOf(element?.pieces ?? [])
}

export function attributeOf(element: Element | undefined, name: string): Source {
  return sourceOf(element?.attributes.find((attribute) => attribute.name === name)?.pieces ?? [])
}

export function sourceOf(pieces: readonly Piece[]): Source {
  const [only] = pieces
  if (pieces.length === 1 && only?.kind === 'substitution') return { literal: undefined, index: only.index, pieces }
  const isConstant = pieces.every((piece): piece is Text => piece.kind === 'text')
  return { literal: isConstant ? pieces.map((piece) => piece.text).join('') : undefined, index: -1, pieces }
}

/** One field of the flat form, before its name is made unique. */
type FlatField = {
  readonly name: string | undefined
  /** A `<Data>` of EventData: it counts for the position of the unnamed. */
  readonly isData: boolean
  readonly source: Source
  readonly isOptional: boolean
}

function compileFlatFields(root: Element): FlatFields | undefined {
  const fields: FlatField[] = []
  const top = root.name === 'UserData' ? onlyElement(root) : root
  if (top === undefined || !collectFlatFields(top, '', root.name === 'EventData', fields)) return undefined
  const blank: Record<string, string> = {}
  const names: string[] = []
  let position = 0
  for (const { name: given, isData, source } of fields) {
    if (isData) position += 1
    const name = freeFieldName(blank, given, position)
    setOwnField(blank, name, source.literal ?? '')
    if (source.literal === undefined) names.push(name)
  }
  const variable = fields.filter((field) => field.source.literal === undefined)
  return {
    blank,
    names,
    indexes: Int32Array.from(variable, (field) => field.source.index),
    optional: Uint8Array.from(variable, (field) => Number(field.isOptional)),
    count: variable.length,
  }
}

/** The one element under UserData, when nothing else but white space stands beside it. */
function onlyElement(parent: Element): Element | undefined {
  const rest = parent.pieces.filter((piece) => !isBlank(piece))
  return rest.length === 1 && rest[0]?.kind === 'element' ? rest[0] : undefined
}

/** False when a field is not of the flat form. */
function collectFlatFields(parent: Element, prefix: string, isEventData: boolean, fields: FlatField[]): boolean {
  for (const piece of parent.pieces) {
    if (isBlank(piece)) continue
    if (piece.kind !== 'element') return false
    const given = attributeOf(piece, 'Name').literal
    if (given === undefined) return false
    const isData = isEventData && piece.name === 'Data'
    const own = given === '' ? (isData ? undefined : piece.name) : given
    const name = own === undefined ? undefined : prefix + own
    const source = sourceOf(piece.pieces)
    const isLeaf = isSimple(source)
    if (isLeaf) fields.push({ name, isData, source, isOptional: isOptional(source) })
    for (const attribute of fieldAttributes(piece)) {
      const value = sourceOf(attribute.pieces)
      if (name === undefined || !isSimple(value)) return false
      fields.push({ name: `${name}@${attribute.name}`, isData: false, source: value, isOptional: isOptional(value) })
    }
    if (!isLeaf && (name === undefined || isData || !collectFlatFields(piece, `${name}.`, false, fields))) return false
  }
  return true
}

function isSimple(source: Source): boolean {
  return source.literal !== undefined || source.index >= 0
}

function isOptional({ pieces }: Source): boolean {
  const [only] = pieces
  return pieces.length === 1 && only?.kind === 'substitution' && only.optional
}

/** The attributes of a field that are fields of their own. */
export function fieldAttributes(element: Element): readonly Attribute[] {
  if (element.attributes.length === 0) return element.attributes
  return element.attributes.filter(({ name }) => name !== 'Name' && name !== 'xmlns' && !name.startsWith('xmlns:'))
}

export function isBlank(piece: Piece): boolean {
  return piece.kind === 'text' && /^\s*$/.test(piece.text)
}
