/** Messages that hold whole records, decoded at once: what comes over Kafka, and dead letters that are replayed. */
import { createEventXmlReader, eventXml } from './event-xml.ts'
import { type Refusal, refuse } from './field-values.ts'
import type { Decoded, FormatContext } from './format.ts'
import { createJsonReader } from './json-format.ts'
import { JSON_SHAPES } from './json-shapes.ts'
import { unpackMessage } from './unpack-message.ts'
import { withoutPadding } from './without-padding.ts'

const EVTX_MAGIC = Buffer.from('ElfFile\0', 'latin1')
const HEAD_BYTES = 64 * 1024

/**
 * Decodes one message: event XML or JSON of any known shape, one record or many, in UTF-8 or UTF-16, alone or in gzip or
 * Zstandard; told by the content as a file's is. An empty message gives nothing; what is neither comes back as rejects, and so
 * do an EVTX file and an archive, which are containers to be read as files.
 */
export function decodeMessage(bytes: Uint8Array, context: FormatContext): readonly Decoded[] {
  const content = unpackMessage(bytes)
  if ('reason' in content) return [rejectWhole(bytes, content, null)]
  if (EVTX_MAGIC.equals(content.subarray(0, 8)))
    return [rejectWhole(bytes, refuse('unknown_shape', 'an EVTX file is no message; import it as a file'), 'evtx')]
  const reader = isEventXml(content) ? createEventXmlReader(context) : createJsonReader(JSON_SHAPES, context)
  return [...reader.push(content), ...reader.end()]
}

function rejectWhole(bytes: Uint8Array, refusal: Refusal, shipper: string | null): Decoded {
  return { kind: 'reject', ...refusal, offset: 0, bytes, length: bytes.length, shipper }
}

/** What begins with a brace or a bracket is JSON, and needs no look at the rest. */
function isEventXml(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x7b || bytes[0] === 0x5b) return false
  return eventXml.matches(withoutPadding(bytes).subarray(0, HEAD_BYTES))
}
