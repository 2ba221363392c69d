/** Writes BinXML into a chunk. Offsets in it count from the start of the chunk, so everything is written in its place. */
import { MORE, TOKEN, VALUE } from '../../../collectors/formats/evtx/layout.ts'
import type { ContentNode, ElementNode, Fragment, Template } from './nodes.ts'
import { guidBytes } from './values.ts'

/** Bytes from `start` up to `end` of the chunk. */
export type Range = { readonly start: number; readonly end: number }
/** A template definition in the chunk, and all bytes that its meaning hangs on. */
export type Definition = { readonly offset: number; readonly needs: readonly Range[] }

export type BinXmlWriter = {
  readonly bytes: Buffer
  position: number
  names: Map<string, Range>
  definitions: Map<string, Definition>
  /** The bytes outside a record that its meaning hangs on, gathered while it is written. */
  needs: Range[]
}

const STRING_BUCKETS = { offset: 128, count: 64 }
const TEMPLATE_BUCKETS = { offset: 384, count: 32 }
const FRAGMENT_HEADER = Buffer.of(TOKEN.fragmentHeader, 1, 1, 0)

export function writeFragment(writer: BinXmlWriter, fragment: Fragment): void {
  writeBytes(writer, FRAGMENT_HEADER)
  if (fragment.kind === 'bare') {
    writeElement(writer, fragment.root, fragment.hasDependencyIds)
    writeByte(writer, TOKEN.endOfFragment)
    return
  }
  writeByte(writer, TOKEN.templateInstance)
  writeByte(writer, 1)
  writeUInt32(writer, guidBytes(fragment.template.guid).readUInt32LE(0))
  const known = writer.definitions.get(fragment.template.guid)
  writeUInt32(writer, known?.offset ?? writer.position + 4)
  const definition = known ?? writeDefinition(writer, fragment.template)
  writer.needs.push(...definition.needs)
  writeUInt32(writer, fragment.values.length)
  const descriptors = writer.position
  for (const { type } of fragment.values) writeBytes(writer, Buffer.of(0, 0, type, 0))
  fragment.values.forEach(({ content }, index) => {
    const start = writer.position
    if (Buffer.isBuffer(content)) writeBytes(writer, content)
    else writeFragment(writer, content)
    writer.bytes.writeUInt16LE(writer.position - start, descriptors + 4 * index)
  })
  writeByte(writer, TOKEN.endOfFragment)
}

/** Next definition of the same bucket (4), GUID (16), size (4), then the body: a fragment and its end. */
function writeDefinition(writer: BinXmlWriter, template: Template): Definition {
  const offset = writer.position
  const guid = guidBytes(template.guid)
  const bucket = TEMPLATE_BUCKETS.offset + 4 * (guid.readUInt32LE(0) % TEMPLATE_BUCKETS.count)
  writeUInt32(writer, writer.bytes.readUInt32LE(bucket))
  writer.bytes.writeUInt32LE(offset, bucket)
  writeBytes(writer, guid)
  const size = writer.position
  writeUInt32(writer, 0)
  const outer = writer.needs
  writer.needs = []
  writeBytes(writer, FRAGMENT_HEADER)
  writeElement(writer, template.root, true)
  writeByte(writer, TOKEN.endOfFragment)
  writer.bytes.writeUInt32LE(writer.position - size - 4, size)
  const definition = { offset, needs: [{ start: offset, end: writer.position }, ...writer.needs] }
  writer.needs = outer
  writer.definitions.set(template.guid, definition)
  return definition
}

function writeElement(writer: BinXmlWriter, node: ElementNode, hasDependencyIds: boolean): void {
  const attributes = Object.entries(node.attributes)
  writeByte(writer, attributes.length > 0 ? TOKEN.openStartElement | MORE : TOKEN.openStartElement)
  if (hasDependencyIds) writeBytes(writer, Buffer.of(0xff, 0xff))
  const size = writer.position
  writeUInt32(writer, 0)
  writeName(writer, node.name)
  if (attributes.length > 0) {
    const listSize = writer.position
    writeUInt32(writer, 0)
    attributes.forEach(([name, content], index) => {
      writeByte(writer, index + 1 < attributes.length ? TOKEN.attribute | MORE : TOKEN.attribute)
      writeName(writer, name)
      for (const piece of [content].flat()) writeContent(writer, piece, hasDependencyIds)
    })
    writer.bytes.writeUInt32LE(writer.position - listSize - 4, listSize)
  }
  if (node.content.length === 0) writeByte(writer, TOKEN.closeEmptyElement)
  else {
    writeByte(writer, TOKEN.closeStartElement)
    for (const piece of node.content) writeContent(writer, piece, hasDependencyIds)
    writeByte(writer, TOKEN.endElement)
  }
  writer.bytes.writeUInt32LE(writer.position - size - 4, size)
}

function writeContent(writer: BinXmlWriter, node: ContentNode, hasDependencyIds: boolean): void {
  if (typeof node === 'string') {
    writeByte(writer, TOKEN.value)
    writeByte(writer, VALUE.string)
    writeCounted(writer, node)
    return
  }
  switch (node.kind) {
    case 'element':
      writeElement(writer, node, hasDependencyIds)
      break
    case 'substitution':
      writeByte(writer, node.isOptional ? TOKEN.optionalSubstitution : TOKEN.normalSubstitution)
      writeUInt16(writer, node.index)
      writeByte(writer, node.type)
      break
    case 'cdata':
      writeByte(writer, TOKEN.cdata)
      writeCounted(writer, node.text)
      break
    case 'char-ref':
      writeByte(writer, TOKEN.charRef)
      writeUInt16(writer, node.code)
      break
    case 'entity-ref':
      writeByte(writer, TOKEN.entityRef)
      writeName(writer, node.name)
      break
    case 'processing-instruction':
      writeByte(writer, TOKEN.piTarget)
      writeName(writer, node.target)
      writeByte(writer, TOKEN.piData)
      writeCounted(writer, node.text)
  }
}

/** A name's offset; its entry follows where the chunk has none yet: next (4), hash (2), length (2), text, zero (2). */
function writeName(writer: BinXmlWriter, name: string): void {
  const known = writer.names.get(name)
  writer.needs.push(known ?? { start: writer.position + 4, end: writer.position + 14 + name.length * 2 })
  if (known !== undefined) {
    writeUInt32(writer, known.start)
    return
  }
  const offset = writer.position + 4
  writeUInt32(writer, offset)
  const hash = nameHash(name)
  const bucket = STRING_BUCKETS.offset + 4 * (hash % STRING_BUCKETS.count)
  writeUInt32(writer, writer.bytes.readUInt32LE(bucket))
  writer.bytes.writeUInt32LE(offset, bucket)
  writeUInt16(writer, hash)
  writeCounted(writer, name)
  writeUInt16(writer, 0)
  writer.names.set(name, { start: offset, end: writer.position })
}

function nameHash(name: string): number {
  let hash = 0
  for (let index = 0; index < name.length; index += 1) hash = (Math.imul(hash, 65599) + name.charCodeAt(index)) >>> 0
  return hash & 0xffff
}

function writeCounted(writer: BinXmlWriter, text: string): void {
  writeUInt16(writer, text.length)
  writeBytes(writer, Buffer.from(text, 'utf16le'))
}

/** Throws a RangeError when the chunk is full: the chunk writer then starts the next one. */
export function writeBytes(writer: BinXmlWriter, bytes: Buffer): void {
  if (writer.position + bytes.length > writer.bytes.length) throw new RangeError('the chunk is full')
  bytes.copy(writer.bytes, writer.position)
  writer.position += bytes.length
}

function writeByte(writer: BinXmlWriter, value: number): void {
  writer.position = writer.bytes.writeUInt8(value, writer.position)
}

function writeUInt16(writer: BinXmlWriter, value: number): void {
  writer.position = writer.bytes.writeUInt16LE(value, writer.position)
}

export function writeUInt32(writer: BinXmlWriter, value: number): void {
  writer.position = writer.bytes.writeUInt32LE(value, writer.position)
}
