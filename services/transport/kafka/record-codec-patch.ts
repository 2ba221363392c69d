/**
 * Puts our record codec (`record-codec.ts`) in the place of kafkajs' own, which it loads when it first sends or reads: this has
 * to come before that.
 */
import { onceInKnownVersion, replaceExport } from './kafkajs-internals.ts'
import { createDecodeRecord, createEncodeRecord } from './record-codec.ts'

export const mendRecordCodec = onceInKnownVersion(() => {
  replaceExport('protocol/recordBatch/record/v0/index.js', createEncodeRecord)
  replaceExport('protocol/recordBatch/record/v0/decoder.js', createDecodeRecord)
})
