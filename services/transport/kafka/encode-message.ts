/** Our events and dead letters as Kafka messages (schemas/topics.ts says how they look). */
import type { DeadLetter } from '../../../schemas/dead-letter.ts'
import { deadLetterKey } from '../../../schemas/dead-letter-key.ts'
import { eventMessageKey, MESSAGE_HEADERS, MESSAGE_SCHEMA_VERSION } from '../../../schemas/topics.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'

/** What kafkajs sends; `bytes` is an upper bound of what it takes in a record batch, before compression. */
export type Message = {
  readonly key: Buffer
  readonly value: Buffer
  readonly headers: Record<string, string>
  readonly bytes: number
}

/** Lengths, offsets, timestamp and attributes of a record: at most 5 + 1 + 10 + 5 + 5 + 5 + 5 bytes. Source: Kafka protocol, record batch v2. */
const RECORD_BYTES = 36
/** Of a record batch: 61 bytes; zstd may add 18 and 1/256 to what does not shrink. */
export const BATCH_BYTES = 256

/** Headers of one hand-over; the same object for all its messages. */
export function messageHeaders(tenant: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ...more,
    [MESSAGE_HEADERS.schema]: String(MESSAGE_SCHEMA_VERSION),
    [MESSAGE_HEADERS.tenant]: tenant,
  }
}

export function encodeEvent(tenant: string, event: WindowsEvent, headers: Record<string, string>): Message {
  return message(Buffer.from(eventMessageKey(tenant, event.computer)), JSON.stringify(event), headers)
}

export function encodeDeadLetter(letter: DeadLetter, headers: Record<string, string>): Message {
  return message(Buffer.from(letter.dead_letter_key), JSON.stringify(letter), headers)
}

/** A letter too large for its topic keeps the first 64 KiB of its record, as one of a record over 16 MiB does. */
export function shortenDeadLetter(letter: DeadLetter): DeadLetter {
  return { ...letter, bytes: Buffer.from(letter.bytes, 'base64').subarray(0, KEPT_BYTES).toString('base64') }
}
const KEPT_BYTES = 64 * 1024

/** The letter of an event that no message may be large enough for. `limit` in bytes: the topic's max.message.bytes. */
export function tooLargeLetter(
  tenant: string,
  value: Buffer,
  about: { readonly topic: string; readonly limit: number; readonly shipper: string; readonly receivedAt: string },
): DeadLetter {
  return {
    dead_letter_key: deadLetterKey(tenant, 'kafka', 'too_large_for_topic', value),
    tenant,
    source_kind: 'kafka',
    reason: 'too_large_for_topic',
    detail: `The event takes ${value.length} bytes; ${about.topic} takes ${about.limit} (max.message.bytes).`,
    origin: `${about.topic} (not sent)`,
    bytes: value.toString('base64'),
    length: value.length,
    shipper: about.shipper,
    received_at: about.receivedAt,
  }
}

function message(key: Buffer, json: string, headers: Record<string, string>): Message {
  const value = Buffer.from(json)
  return { key, value, headers, bytes: RECORD_BYTES + key.length + value.length + headerBytes(headers) }
}

const measured = new WeakMap<Record<string, string>, number>()
function headerBytes(headers: Record<string, string>): number {
  let bytes = measured.get(headers)
  if (bytes === undefined) {
    bytes = Object.entries(headers).reduce(
      (sum, [name, value]) => sum + 10 + Buffer.byteLength(name) + Buffer.byteLength(value),
      0,
    )
    measured.set(headers, bytes)
  }
  return bytes
}
