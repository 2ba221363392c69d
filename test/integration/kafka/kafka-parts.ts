/** Sinks and sources for tests: each test has topics and a group of its own, on the broker of its file. */
import { randomUUID } from 'node:crypto'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import type { DeadLetter } from '../../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { createLogger } from '../../../services/runtime/logging.ts'
import type { KafkaClientOptions } from '../../../services/transport/kafka/client-options.ts'
import { planTopics, type TopicPlan } from '../../../services/transport/kafka/ensure-topics.ts'
import { createKafkaSink, type KafkaSink, type KafkaSinkDeps } from '../../../services/transport/kafka/kafka-sink.ts'
import { createKafkaSource, type KafkaSourceDeps } from '../../../services/transport/kafka/kafka-source.ts'
import type { RecordConsumer } from '../../../services/transport/kafka/record-consumer.ts'
import type { Batch, BatchHandler, Receipt } from '../../../services/transport/transport.ts'

export const silent = createLogger({ level: process.env['TEST_LOG'] ?? 'silent', service: 'test' })

export function clientOf(brokers: readonly string[]): KafkaClientOptions {
  return { brokers, clientId: 'test', tls: undefined, sasl: undefined }
}

/** Topic names that no other test has. */
export function planOf(partitions: number): TopicPlan {
  return planTopics({
    kafka_topic_prefix: `t-${randomUUID().slice(0, 8)}-`,
    kafka_partitions: partitions,
    kafka_retention_hours: null,
  })
}

export function sinkOf(brokers: readonly string[], plan: TopicPlan, rest: Partial<KafkaSinkDeps> = {}): KafkaSink {
  return createKafkaSink({
    client: clientOf(brokers),
    log: silent,
    plan,
    mayCreateTopics: true,
    replicas: 1,
    bufferBytes: 8 * 1024 * 1024,
    sendDeadlineMs: 30_000,
    now: () => new Date(),
    ...rest,
  })
}

export function sourceOf(
  brokers: readonly string[],
  plan: TopicPlan,
  handle: BatchHandler,
  rest: Partial<KafkaSourceDeps> = {},
): RecordConsumer {
  return createKafkaSource({
    client: clientOf(brokers),
    log: silent,
    plan,
    mayCreateTopics: true,
    replicas: 1,
    tenant: 'default',
    redact: { bytes: (bytes) => bytes, text: (text) => text },
    groupId: `group-${plan.events.name}`,
    start: 'earliest',
    handle: (batches) => handle([...batches]),
    onFault: (error) => {
      throw error
    },
    sessionTimeoutMs: 6_000,
    maxRecords: 5_000,
    bufferBytes: 8 * 1024 * 1024,
    lingerMs: 20,
    inFlight: 2,
    stopDeadlineMs: 5_000,
    now: Date.now,
    ...rest,
  })
}

/** A store that keeps what it got, by event and by sighting. */
export type Kept = {
  readonly handle: BatchHandler
  /** Every hand-over, in order, repeats too. */
  readonly batches: Batch[]
  /** computer/record id of each event, once. */
  events(): Set<string>
  letters(): DeadLetter[]
}

export function keeping(before: () => Promise<void> = () => Promise.resolve()): Kept {
  const batches: Batch[] = []
  return {
    batches,
    async handle(handed) {
      await before()
      batches.push(...handed)
      return handed.map(receiptOf)
    },
    events: () => new Set(batches.flatMap((batch) => batch.events.map(nameOf))),
    letters: () => batches.flatMap((batch) => batch.deadLetters),
  }
}

export const nameOf = ({ computer, record_id }: WindowsEvent): string => `${computer}/${String(record_id)}`

function receiptOf(batch: Batch): Receipt {
  const accepted = batch.events.length
  const dead_lettered = batch.deadLetters.length
  return { received: accepted + dead_lettered + batch.dropped, accepted, dead_lettered, dropped: batch.dropped }
}

/** Events of `devices` devices in turn, with record ids from `from` on. */
export function eventsOf(
  count: number,
  options: { devices?: number; from?: number; padding?: number } = {},
): WindowsEvent[] {
  const { devices = 7, from = 1, padding = 0 } = options
  return Array.from({ length: count }, (_, at) => ({
    computer: `device-${at % devices}.contoso.example`,
    channel: 'Microsoft-Windows-AAD/Operational',
    provider: 'Microsoft-Windows-AAD',
    event_id: 1104,
    version: 0,
    level: 2,
    task: 101,
    opcode: 0,
    keywords: '0x4000000000000012',
    record_id: String(from + at),
    occurred_at: '2026-11-24T08:00:00.1234567Z',
    collected_at: null,
    user_sid: 'S-1-5-21-1-2-3-1001',
    user: null,
    process_id: 4242,
    thread_id: 17,
    activity_id: null,
    message: padding === 0 ? null : 'x'.repeat(padding),
    data: { API: 'Get token', Result: '3221225567' },
    shipper: 'winlogbeat',
  }))
}

export function batchOf(events: readonly WindowsEvent[], rest: Partial<Batch> = {}): Batch {
  return { tenant: 'default', events, deadLetters: [], dropped: 0, batchId: randomUUID(), ...rest }
}

export function namesOf(events: readonly WindowsEvent[]): Set<string> {
  return new Set(events.map(nameOf))
}

/** A plain kafkajs client, for what a test does beside the transport. */
export async function withAdmin<T>(
  brokers: readonly string[],
  work: (admin: Admin, kafka: Kafka) => Promise<T>,
): Promise<T> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, connectionTimeout: 10_000 })
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin, kafka)
  } finally {
    await admin.disconnect()
  }
}

/** What the group has committed of the events topic, summed over its partitions; partitions without a commit count nothing. */
export function committedOf(brokers: readonly string[], plan: TopicPlan): Promise<number> {
  return withAdmin(brokers, async (admin) => {
    const found = await admin.fetchOffsets({ groupId: `group-${plan.events.name}`, topics: [plan.events.name] })
    const offsets = found.flatMap(({ partitions }) => partitions.map(({ offset }) => Number(offset)))
    return offsets.filter((offset) => offset > 0).reduce((sum, offset) => sum + offset, 0)
  })
}
