/** Messages that hold whole records, decoded at once: what comes over Kafka, and dead letters that are replayed. */
import { createEventXmlReader, eventXml } from './event-xml.ts'
import { isRefusal, type Refusal, refuse } from './field-values.ts'
import type { Decoded, FormatContext } from './format.ts'
import { createJsonReader } from './json-format.ts'
import { JSON_SHAPES } from './json-shapes.ts'
import { unpackMessage } from './unpack-message.ts'
import { withoutPadding } from './without-padding.ts'

const EVTX_MAGIC = Buffer.from('ElfFile\0', 'latin1')
const HEAD_BYTES = 64 * 1024

/** Unpacked bytes decoded at a time: bounds what is held of a message of many records. */
const PART_BYTES = 64 * 1024

/**
 * Decodes one message: event XML or JSON of any known shape, one record or many, in UTF-8 or UTF-16, alone or in gzip or
 * Zstandard; told by the content as a file's is. An empty message gives nothing; what is neither comes back as rejects, and so
 * do an EVTX file and an archive, which are containers to be read as files. Of a packed message that is not whole, what can be
 * had of it, and the message itself as a reject.
 */
export function decodeMessage(bytes: Uint8Array, context: FormatContext): readonly Decoded[] {
  const decoded: Decoded[] = []
  for (const part of decodeMessageInParts(bytes, context)) for (const one of part.decoded) decoded.push(one)
  return decoded
}

/** `bytes`: how many, unpacked, were read for it. */
export type DecodedPart = { readonly decoded: readonly Decoded[]; readonly bytes: number }

/** The same, part by part as they are asked for, so that a caller can let go of one before the next. */
export function* decodeMessageInParts(bytes: Uint8Array, context: FormatContext): Generator<DecodedPart> {
  const unpacked = unpackMessage(bytes)
  if (isRefusal(unpacked)) {
    yield { decoded: [rejectWhole(bytes, unpacked, null)], bytes: bytes.length }
    return
  }
  const { bytes: content, fault } = unpacked
  if (EVTX_MAGIC.equals(content.subarray(0, 8))) {
    const refusal = refuse('unknown_shape', 'an EVTX file is no message; import it as a file')
    yield { decoded: [rejectWhole(bytes, refusal, 'evtx')], bytes: content.length }
    return
  }
  const reader = isEventXml(content) ? createEventXmlReader(context) : createJsonReader(JSON_SHAPES, context)
  for (let at = 0; at < content.length; at += PART_BYTES) {
    const part = content.subarray(at, at + PART_BYTES)
    yield { decoded: reader.push(part), bytes: part.length }
  }
  const last = reader.end()
  if (last.length > 0) yield { decoded: last, bytes: 0 }
  if (fault !== undefined) yield { decoded: [{ ...rejectWhole(bytes, fault, null), offset: content.length }], bytes: 0 }
}

function rejectWhole(bytes: Uint8Array, refusal: Refusal, shipper: string | null): Decoded {
  return { kind: 'reject', ...refusal, offset: 0, bytes, length: bytes.length, shipper }
}

/** What begins with a brace or a bracket is JSON, and needs no look at the rest. */
function isEventXml(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x7b || bytes[0] === 0x5b) return false
  return eventXml.matches(withoutPadding(bytes).subarray(0, HEAD_BYTES))
}
