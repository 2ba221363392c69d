/**
 * Reads a stream of JSON records of any known shape, mixed if need be: every record is read by the shape that knows it,
 * whichever shape the stream as a whole was taken for.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { decodeEventXmlText } from './event-xml-text.ts'
import { InvalidField, isObject, isRefusal, type JsonObject, type Refusal, refuse } from './field-values.ts'
import type { Decoded, Format, FormatContext } from './format.ts'
import { type BrokenRecord, createJsonSplitter, type JsonRecord } from './json-records.ts'
import { parseJson, parseJsonExactly } from './json-text.ts'
import type { JsonShape, Part } from './json-shape.ts'
import { createUtf8Stream, utf8Head } from './utf8-stream.ts'

export type JsonReader = {
  push(chunk: Uint8Array): readonly Decoded[]
  end(): readonly Decoded[]
}

/** A format for the head's shape; its `decode` reads records of every one of `shapes`. */
export function createJsonFormat(shape: JsonShape, shapes: readonly JsonShape[]): Format {
  return {
    name: shape.name,
    matches: (head) => hasMark(head, shape.marks) && (looksLikeJson(head) || isMostlyRecords(head)),
    decode: (input, context) => decodeStream(input, createJsonReader(shapes, context)),
  }
}

/** JSON of no shape that the head tells: records of known shapes among it are read, the others rejected. */
export function createAnyJsonFormat(shapes: readonly JsonShape[]): Format {
  return {
    name: 'json',
    matches: (head) => looksLikeJson(head) || (hasMark(head, WRAPPERS) && isMostlyRecords(head)),
    decode: (input, context) => decodeStream(input, createJsonReader(shapes, context)),
  }
}

export function createJsonReader(shapes: readonly JsonShape[], context: FormatContext): JsonReader {
  const text = createUtf8Stream()
  const splitter = createJsonSplitter()
  const decodeAll = (records: readonly (JsonRecord | BrokenRecord)[]): Decoded[] => {
    const decoded: Decoded[] = []
    for (const record of records) {
      if (record.kind === 'record') decodeRecord(record, shapes, context, decoded)
      else decoded.push({ ...record, kind: 'reject', shipper: null })
    }
    return decoded
  }
  return {
    push: (chunk) => decodeAll(splitter.push(text.push(chunk))),
    end: () => decodeAll([...splitter.push(text.end()), ...splitter.end()]),
  }
}

async function* decodeStream(input: AsyncIterable<Uint8Array>, reader: JsonReader): AsyncGenerator<readonly Decoded[]> {
  for await (const chunk of input) {
    const batch = reader.push(chunk)
    if (batch.length > 0) yield batch
  }
  const rest = reader.end()
  if (rest.length > 0) yield rest
}

function decodeRecord(
  record: JsonRecord,
  shapes: readonly JsonShape[],
  context: FormatContext,
  decoded: Decoded[],
): void {
  const scope = { isLossy: false }
  let result = decodeValue(record.value, shapes, context, scope, 0)
  if (scope.isLossy) result = decodeValue(parseJsonExactly(record.text), shapes, context, scope, 0)
  const { offset, bytes } = record
  if (!('parts' in result)) {
    decoded.push(settle(result.outcome, offset, bytes, result.shipper))
    return
  }
  for (const { outcome, source } of result.parts)
    decoded.push(settle(outcome, offset, () => Buffer.from(JSON.stringify(source)), result.shipper))
}

function settle(
  outcome: WindowsEvent | Refusal,
  offset: number,
  bytes: () => Uint8Array,
  shipper: string | null,
): Decoded {
  if (!isRefusal(outcome)) return { kind: 'event', event: outcome, offset, bytes }
  const own = bytes()
  return { kind: 'reject', ...outcome, offset, bytes: own, length: own.length, shipper }
}

type Result =
  | { readonly outcome: WindowsEvent | Refusal; readonly shipper: string | null }
  | { readonly parts: readonly Part[]; readonly shipper: string }

/** Wrappers within wrappers that are followed: an Elasticsearch hit of a Logstash message of an event, and one more. */
const MAX_WRAPPERS = 4

function decodeValue(
  value: unknown,
  shapes: readonly JsonShape[],
  context: FormatContext,
  scope: { isLossy: boolean },
  wrappers: number,
): Result {
  if (!isObject(value)) return unknownShape([], shapes)
  for (const shape of shapes) {
    if (!shape.recognises(value)) continue
    try {
      const decoded = shape.decode(value, context, scope)
      return Array.isArray(decoded)
        ? { parts: decoded as readonly Part[], shipper: shape.name }
        : { outcome: decoded as WindowsEvent | Refusal, shipper: shape.name }
    } catch (error) {
      if (error instanceof InvalidField) return { outcome: refuse('invalid_event', error.message), shipper: shape.name }
      throw error
    }
  }
  if (wrappers < MAX_WRAPPERS) {
    const xml = wrappedXml(value)
    if (xml !== undefined) return { outcome: decodeEventXmlText(xml, context), shipper: 'event_xml' }
    const inner = unwrap(value)
    if (inner !== undefined) return decodeValue(inner, shapes, context, scope, wrappers + 1)
  }
  return unknownShape(Object.keys(value), shapes)
}

/** `_source`: an Elasticsearch hit; `event`: a Splunk collector event; `message`, `log`: a line that a log shipper carried. */
function unwrap(value: JsonObject): unknown {
  for (const name of ['_source', 'event', 'body', 'message', 'log', 'value']) {
    const inner = value[name]
    if (isObject(inner)) return inner
    if (typeof inner === 'string' && inner.startsWith('{')) {
      const parsed = parseJson(inner)
      if (isObject(parsed)) return parsed
    }
  }
  return undefined
}

function wrappedXml(value: JsonObject): string | undefined {
  for (const name of ['event', 'body', 'message', 'log', 'xml', 'Xml', 'raw', '_raw']) {
    const inner = value[name]
    if (typeof inner === 'string' && /^\s*<(?:\?xml|Event[\s>])/.test(inner)) return inner
  }
  return undefined
}

function unknownShape(keys: readonly string[], shapes: readonly JsonShape[]): Result {
  const seen = keys.slice(0, 8).map((key) => JSON.stringify(key.slice(0, 40)))
  const known = shapes.map(({ name }) => name).join(', ')
  const detail = `no known shape has ${seen.length > 0 ? seen.join(', ') : 'such a value'}; known are event_xml, ${known}`
  return { outcome: refuse('unknown_shape', detail), shipper: null }
}

const JSON_START = /^[\s\ufeff\u001e\0]*(?:Record [0-9]+\s*)?(?:\[[\s[]*)?(?:\{|\[\s*\])/

function looksLikeJson(head: Uint8Array): boolean {
  return JSON_START.test(utf8Head(head.subarray(0, 4096)).toString('utf8'))
}

/** Properties in which other software carries a record of a known shape. */
const WRAPPERS = ['_source', 'event', 'body', 'message', 'log', 'value', 'xml', 'Xml', 'raw', '_raw']
const MAX_HEAD_LINES = 5000

/**
 * Are most lines records, though the first is none? What stands before the first (the rest of a record whose start was
 * rotated away, a line of text) becomes a dead letter. A page of text or code that quotes a record is not taken for JSON.
 */
function isMostlyRecords(head: Uint8Array): boolean {
  const lines = utf8Head(head)
    .toString('utf8')
    .split('\n', MAX_HEAD_LINES)
    .filter((line) => line.trim() !== '')
  const records = lines.filter(isRecordLine).length
  return records > 0 && records * 2 >= lines.length
}

/** A whole object with a member, or the start of one as shippers write it. */
function isRecordLine(line: string): boolean {
  const start = RECORD_START.exec(line)
  if (start === null) return false
  const object = line.slice(start[0].length - 1).replace(/[\s,\]]+$/, '')
  return isObject(parseJson(object)) || SHIPPED.test(line)
}

const RECORD_START = /^[\s\ufeff\u001e\0,[]*\{(?=\s*"(?:[^"\\]|\\.){1,200}"\s*:)/
/** The first member of a record that is longer than the head. */
const SHIPPED =
  /^[\s\ufeff\u001e\0,[]*\{\s*"(?:@timestamp|@metadata|winlog|Event|resourceLogs|_index|_source|computer|event_key)"\s*:/

function hasMark(head: Uint8Array, marks: readonly string[]): boolean {
  const text = utf8Head(head)
  return marks.some((mark) => text.includes(`"${mark}"`))
}
