/** Every format there is, and how to tell them. */
import { eventXml } from './event-xml.ts'
import { evtx } from './evtx/evtx.ts'
import type { Format } from './format.ts'
import { createAnyJsonFormat, createJsonFormat } from './json-format.ts'
import { JSON_SHAPES } from './json-shapes.ts'

export { decodeMessage } from './decode-message.ts'

/** In the order of detection: the container by its magic number, then text by what it holds. */
export const FORMATS: readonly Format[] = [
  evtx,
  eventXml,
  ...JSON_SHAPES.map((shape) => createJsonFormat(shape, JSON_SHAPES)),
  createAnyJsonFormat(JSON_SHAPES),
]

/** Names to show in help and in messages: what can be read. */
export const knownFormatNames: readonly string[] = FORMATS.map(({ name }) => name)

/**
 * The format of a source by its first bytes (64 KiB are plenty); undefined when it is none. JSON of no known shape is
 * the format `json`, which says for every record why it cannot be read.
 */
export function detectFormat(head: Uint8Array): Format | undefined {
  return FORMATS.find((format) => format.matches(head))
}
