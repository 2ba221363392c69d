/** Messages that hold whole records, decoded at once: what comes over Kafka and HTTP. */
import { createEventXmlReader, looksLikeXml } from './event-xml.ts'
import type { Decoded, FormatContext } from './format.ts'
import { createJsonReader } from './json-format.ts'
import { JSON_SHAPES } from './json-shapes.ts'

const EVTX_MAGIC = Buffer.from('ElfFile\0', 'latin1')

/**
 * Decodes one message: event XML or JSON of any known shape, one record or many. An empty message gives nothing; what is neither comes
 * back as rejects, and so does an EVTX file, which is a container to be read as a file.
 */
export function decodeMessage(bytes: Uint8Array, context: FormatContext): readonly Decoded[] {
  if (EVTX_MAGIC.equals(bytes.subarray(0, 8))) {
    const detail = 'an EVTX file is no message; import it as a file'
    const { length } = bytes
    return [{ kind: 'reject', reason: 'unknown_shape', detail, offset: 0, bytes, length, shipper: 'evtx' }]
  }
  const isXml = looksLikeXml(bytes.subarray(0, 4096))
  const reader = isXml ? createEventXmlReader(context) : createJsonReader(JSON_SHAPES, context)
  return [...reader.push(bytes), ...reader.end()]
}
