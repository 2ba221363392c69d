/**
 * The receiving end of the transport: events and dead letters out of Kafka, handed to the processor; an offset moves only
 * after it has stored them. What is no message of ours becomes a dead letter. Names of hand-overs come from topic,
 * partition and offset, so that whatever comes twice is the same sighting.
 */
import { deadLetterKey } from '../../../schemas/dead-letter-key.ts'
import type { DeadLetter } from '../../../schemas/dead-letter.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { createStepTimer } from '../../runtime/telemetry/step-timer.ts'
import type { Batch, BatchesHandler } from '../transport.ts'
import { decodeMessage, type MessageReject } from './decode-message.ts'
import type { TopicPlan } from './ensure-topics.ts'
import { readTopics } from './kafka-sink.ts'
import type { Chunk } from './partition-ledger.ts'
import { createRecordConsumer, type RecordConsumer, type RecordConsumerDeps } from './record-consumer.ts'
import type { KafkaRecord } from './record-reader.ts'
import { traceProcess } from './trace-messages.ts'

export type KafkaSourceDeps = Omit<RecordConsumerDeps, 'topics' | 'prepare' | 'handle'> & {
  /** Batches are decoded when they are taken, a chunk at a time: all of them together would take many times their bytes. */
  readonly handle: BatchesHandler
  readonly plan: TopicPlan
  readonly mayCreateTopics: boolean
  /** Of topics that are made; null: the broker's default. */
  readonly replicas: number | null
  /** Tenant of messages that name none. */
  readonly tenant: string
  /** Takes secrets out of what is kept of a message that cannot be read (collectors/redact-secrets.ts). */
  readonly redact: { bytes(bytes: Uint8Array): Uint8Array; text(text: string): string }
}

const MAX_LETTER_BYTES = 16 * 1024 * 1024
const KEPT_BYTES = 64 * 1024
const MAX_DETAIL_LENGTH = 500

export function createKafkaSource(deps: KafkaSourceDeps): RecordConsumer {
  const topicOf = new Map<string, TopicName>(
    Object.entries(deps.plan).map(([key, { name }]) => [name, key as TopicName]),
  )

  const step = createStepTimer()

  async function handleChunks(chunks: readonly Chunk<KafkaRecord>[]): Promise<void> {
    const decode = (chunk: Chunk<KafkaRecord>) =>
      step('decode', () => toBatches(deps, topicOf.get(chunk.topic) ?? 'events', chunk))
    await deps.handle({
      *[Symbol.iterator]() {
        for (const chunk of chunks) yield* decode(chunk)
      },
    })
  }

  return createRecordConsumer({
    ...deps,
    topics: [...topicOf.keys()],
    prepare: () => readTopics(deps),
    handle: traceProcess(deps.groupId, handleChunks),
  })
}

/** One batch a tenant with the chunk's events; dead letters, and events that close one, in batches of their own. */
export function toBatches(
  deps: Pick<KafkaSourceDeps, 'tenant' | 'redact' | 'now'>,
  topic: TopicName,
  chunk: Chunk<KafkaRecord>,
): Batch[] {
  const place = `kafka:${chunk.topic}/${chunk.partition}`
  const tenants = new Map<string, OfTenant>()
  /** Batches of one record, named as they were sent or by where they stand. */
  const single: Batch[] = []
  for (const record of chunk.records) {
    const decoded = decodeMessage(topic, record)
    const origin = `${place}@${record.offset}`
    if (decoded.kind === 'event' && decoded.replay !== undefined) {
      const { tenant, event, replay } = decoded
      single.push({ tenant, events: [event], deadLetters: [], dropped: 0, batchId: origin, replay })
    } else if (decoded.kind === 'event') {
      const { events, offsets } = entryOf(tenants, decoded.tenant)
      events.push(decoded.event)
      offsets.push(record.offset)
    } else if (decoded.kind === 'letter') {
      single.push(letterBatch(decoded.tenant, decoded.letter, decoded.batchId))
    } else {
      const letter = toDeadLetter(deps, decoded, origin)
      single.push(letterBatch(letter.tenant, letter, origin))
    }
  }
  const batchId = `${place}@${chunk.firstOffset}-${chunk.lastOffset}`
  const whole = [...tenants].map(([tenant, { events, offsets }]) => {
    const originOf = (index: number) => `${place}@${offsets[index] ?? ''}`
    return { tenant, events, deadLetters: [], dropped: 0, batchId, originOf }
  })
  return [...single, ...whole]
}

type OfTenant = { readonly events: WindowsEvent[]; readonly offsets: string[] }

function entryOf(tenants: Map<string, OfTenant>, tenant: string): OfTenant {
  const known = tenants.get(tenant)
  if (known !== undefined) return known
  const entry = { events: [], offsets: [] }
  tenants.set(tenant, entry)
  return entry
}

function letterBatch(tenant: string, letter: DeadLetter, batchId: string): Batch {
  return { tenant, events: [], deadLetters: [letter], dropped: 0, batchId }
}

function toDeadLetter(
  deps: Pick<KafkaSourceDeps, 'tenant' | 'redact' | 'now'>,
  reject: MessageReject,
  origin: string,
): DeadLetter {
  const tenant = reject.tenant ?? deps.tenant
  const isTooLarge = reject.bytes.length > MAX_LETTER_BYTES
  const kept = deps.redact.bytes(isTooLarge ? reject.bytes.subarray(0, KEPT_BYTES) : reject.bytes)
  const reason = isTooLarge ? 'too_large' : reject.reason
  return {
    dead_letter_key: deadLetterKey(tenant, 'kafka', reason, kept),
    tenant,
    source_kind: 'kafka',
    reason,
    detail: deps.redact.text(reject.detail.replace(/\s+/g, ' ')).slice(0, MAX_DETAIL_LENGTH),
    origin,
    bytes: Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('base64'),
    length: reject.bytes.length,
    shipper: null,
    received_at: new Date(deps.now()).toISOString(),
  }
}
