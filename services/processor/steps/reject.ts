/** What becomes of a record that cannot be an event: a value that every step can return, and the dead letter made of it. */
import { deadLetterKey } from '../../../schemas/dead-letter-key.ts'
import type { DeadLetter, DeadLetterReason } from '../../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'

/** Longer records are cut (DeadLetter.bytes). */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024
const KEPT_OF_LARGE_BYTES = 64 * 1024

export type Rejected = { readonly kind: 'rejected'; readonly reason: DeadLetterReason; readonly detail: string }

/** What the processor takes: an event of the direct transport, or the JSON of one, as Kafka carries it. */
export type PipelineInput = WindowsEvent | Uint8Array

/** Where the inputs of one call come from. */
export type PipelineSource = {
  readonly tenant: string
  /** DeadLetter.source_kind: file, http, simulator, kafka, … */
  readonly kind: string
  /** DeadLetter.origin of the input at `index`: topic, partition and offset, or batch and place in it. */
  readonly origin: (index: number) => string
}

export function reject(reason: DeadLetterReason, detail: string): Rejected {
  return { kind: 'rejected', reason, detail }
}

/** `index` is the place of `input` in its batch; `receivedAt` ISO 8601 UTC. */
export function toDeadLetter(
  input: PipelineInput,
  rejected: Rejected,
  source: PipelineSource,
  index: number,
  receivedAt: string,
): DeadLetter {
  const whole = input instanceof Uint8Array ? input : Buffer.from(JSON.stringify(input))
  const kept = whole.length > MAX_RECORD_BYTES ? whole.subarray(0, KEPT_OF_LARGE_BYTES) : whole
  return {
    dead_letter_key: deadLetterKey(source.tenant, source.kind, rejected.reason, kept),
    tenant: source.tenant,
    source_kind: source.kind,
    reason: rejected.reason,
    detail: rejected.detail,
    origin: source.origin(index),
    bytes: Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('base64'),
    length: whole.length,
    shipper: input instanceof Uint8Array ? null : input.shipper,
    received_at: receivedAt,
  }
}
