/** A Kafka message back to an event or a dead letter; whatever it is not, it is a reject, with its bytes and where it stood. */
import { isUtf8 } from 'node:buffer'
import Compile from 'typebox/compile'
import { Replay } from '../../../schemas/dead-letter-action.ts'
import { DeadLetter, type DeadLetterReason } from '../../../schemas/dead-letter.ts'
import { MESSAGE_HEADERS, MESSAGE_SCHEMA_VERSION, type TopicName } from '../../../schemas/topics.ts'
import { WindowsEvent } from '../../../schemas/windows-event.ts'
import type { KafkaHeaders, KafkaRecord } from './record-reader.ts'

export type DecodedMessage =
  | DecodedEvent
  | { readonly kind: 'letter'; readonly tenant: string; readonly batchId: string; readonly letter: DeadLetter }
  | MessageReject
export type DecodedEvent = {
  readonly kind: 'event'
  readonly tenant: string
  readonly event: WindowsEvent
  /** The dead letter that the event comes out of, if it does. */
  readonly replay?: Replay
}
export type MessageReject = {
  readonly kind: 'reject'
  readonly reason: DeadLetterReason
  readonly detail: string
  /** The value; of a message without one its key, so that two of them are two letters. */
  readonly bytes: Uint8Array
  /** The message's tenant, where it names one. */
  readonly tenant: string | undefined
}

const events = Compile(WindowsEvent)
const letters = Compile(DeadLetter)
const replays = Compile(Replay)
const MAX_TENANT_BYTES = 256

/** Never throws because of the message. */
export function decodeMessage(topic: TopicName, record: KafkaRecord): DecodedMessage {
  const headers = record.headers ?? {}
  const tenant = tenantOf(headers)
  const refuse = (reason: DeadLetterReason, detail: string): MessageReject => ({
    kind: 'reject',
    reason,
    detail,
    bytes: record.value ?? record.key ?? new Uint8Array(),
    tenant,
  })
  if (record.value === null) {
    return refuse('unknown_shape', 'The message has no value (a tombstone); the bytes are those of its key.')
  }
  const foreign = whyForeign(headers, tenant)
  if (foreign !== undefined) return refuse(...foreign)
  if (!isUtf8(record.value)) return refuse('not_utf8', 'The value is not UTF-8.')
  let parsed: unknown
  try {
    parsed = JSON.parse(record.value.toString())
  } catch (error) {
    return refuse('not_json', `The value is not JSON: ${(error as Error).message}`)
  }
  if (topic === 'events') {
    if (events.Check(parsed)) return { kind: 'event', tenant: tenant as string, event: parsed, ...replayOf(headers) }
    return refuse('invalid_event', firstError(events.Errors(parsed)))
  }
  if (!letters.Check(parsed)) return refuse('unknown_shape', `No dead letter: ${firstError(letters.Errors(parsed))}`)
  const batchId = textHeader(headers, MESSAGE_HEADERS.batch) ?? `${parsed.origin}@${parsed.received_at}`
  return { kind: 'letter', tenant: tenant as string, batchId, letter: parsed }
}

/** undefined when the headers are ours, in a version that we know. */
function whyForeign(headers: KafkaHeaders, tenant: string | undefined): [DeadLetterReason, string] | undefined {
  const schema = textHeader(headers, MESSAGE_HEADERS.schema)
  if (schema === undefined) {
    return ['unknown_shape', `No header ${MESSAGE_HEADERS.schema}: the message is another program's.`]
  }
  if (!/^[1-9][0-9]{0,8}$/.test(schema)) {
    return [
      'unknown_shape',
      `The header ${MESSAGE_HEADERS.schema} is no version: ${JSON.stringify(schema.slice(0, 100))}.`,
    ]
  }
  if (Number(schema) > MESSAGE_SCHEMA_VERSION) {
    return ['unknown_schema_version', `Version ${schema} of the message; this program knows ${MESSAGE_SCHEMA_VERSION}.`]
  }
  if (tenant === undefined) return ['unknown_shape', `No usable header ${MESSAGE_HEADERS.tenant}.`]
  return undefined
}

/** A header of this name that is not ours is one of those that are ignored. */
function replayOf(headers: KafkaHeaders): { readonly replay?: Replay } {
  const text = textHeader(headers, MESSAGE_HEADERS.replay)
  if (text === undefined) return {}
  try {
    const replay: unknown = JSON.parse(text)
    return replays.Check(replay) && !Number.isNaN(Date.parse(replay.requested_at)) ? { replay } : {}
  } catch {
    return {}
  }
}

function tenantOf(headers: KafkaHeaders): string | undefined {
  const tenant = textHeader(headers, MESSAGE_HEADERS.tenant)
  const isUsable = tenant !== undefined && tenant !== '' && Buffer.byteLength(tenant) <= MAX_TENANT_BYTES
  return isUsable && !tenant.includes('\0') ? tenant : undefined
}

/** undefined when there is none, several, or no UTF-8 in it. */
export function textHeader(headers: KafkaHeaders, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  if (typeof value === 'string') return value
  return Buffer.isBuffer(value) && isUtf8(value) ? value.toString() : undefined
}

function firstError(errors: readonly { readonly instancePath: string; readonly message: string }[]): string {
  const [first] = errors
  return first === undefined ? 'does not match its schema' : `${first.instancePath || 'the value'} ${first.message}`
}
