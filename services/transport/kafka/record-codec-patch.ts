/**
 * Puts our record codec (`record-codec.ts`) in the place of kafkajs' own. It loads those modules when it first sends or reads, so
 * this comes before that; in another version than the known one, or when it has loaded them already, all stays as it is.
 */
import { createRequire } from 'node:module'
import { createDecodeRecord, createEncodeRecord, type DecodeRecord, type EncodeRecord } from './record-codec.ts'

const load = createRequire(import.meta.url)
const KNOWN_VERSION = '2.2.4'
const RECORD = 'kafkajs/src/protocol/recordBatch/record/v0/index.js'
const RECORD_DECODER = 'kafkajs/src/protocol/recordBatch/record/v0/decoder.js'
let isMended = false

/** Once a process. */
export function mendRecordCodec(): void {
  if (isMended) return
  isMended = true
  const { version } = load('kafkajs/package.json') as { version: string }
  if (version !== KNOWN_VERSION) return
  replace(RECORD, (original: EncodeRecord) => createEncodeRecord(original))
  replace(RECORD_DECODER, (original: DecodeRecord) => createDecodeRecord(original))
}

function replace<T>(name: string, replacement: (original: T) => T): void {
  const original = load(name) as T
  const module = load.cache[load.resolve(name)]
  if (module !== undefined) module.exports = replacement(original)
}
