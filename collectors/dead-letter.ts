/** Makes the dead letter of a record that cannot become an event: secrets removed, keyed by what it is. */
import { deadLetterKey } from '../schemas/dead-letter-key.ts'
import type { DeadLetter, DeadLetterReason } from '../schemas/dead-letter.ts'
import { MAX_RECORD_BYTES, MAX_REJECT_BYTES } from './formats/format.ts'
import type { SecretRemover } from './redact-secrets.ts'

export type DeadLetterSource = {
  readonly tenant: string
  /** file, http, simulator, kafka. */
  readonly sourceKind: string
}

export type RefusedRecord = {
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly origin: string
  readonly bytes: Uint8Array
  /** Of the whole record, in bytes. */
  readonly length: number
  readonly shipper: string | null
  /** ISO 8601 UTC. */
  readonly receivedAt: string
}

/** One line, and no longer than an operator reads. */
const MAX_DETAIL_LENGTH = 500

export function createDeadLetter(source: DeadLetterSource, record: RefusedRecord, secrets: SecretRemover): DeadLetter {
  const kept = record.length > MAX_RECORD_BYTES ? record.bytes.subarray(0, MAX_REJECT_BYTES) : record.bytes
  const bytes = secrets.bytes(kept)
  return {
    dead_letter_key: deadLetterKey(source.tenant, source.sourceKind, record.reason, bytes),
    tenant: source.tenant,
    source_kind: source.sourceKind,
    reason: record.reason,
    detail: secrets.text(record.detail.replace(/\s+/g, ' ').slice(0, MAX_DETAIL_LENGTH)),
    origin: record.origin,
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
    length: record.length,
    shipper: record.shipper,
    received_at: record.receivedAt,
  }
}
