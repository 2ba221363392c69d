/** What `roamwatch doctor` wants to know of Kafka: one question after the other, each with its own answer or error. Nothing is changed. */
import type { Admin } from 'kafkajs'
import type { Logger } from '../../runtime/logging.ts'
import { closeClient, createKafkaClient } from './client.ts'
import type { KafkaClientOptions } from './client-options.ts'
import { ensureTopics, type KafkaTopics, type TopicPlan } from './ensure-topics.ts'
import { committedOffsets, offsetsAt } from './positions.ts'
import { translateError } from './translate-error.ts'

export type GroupLag = {
  /** Processes that share the group's topics now. */
  readonly members: number
  /** Records that are there and not committed by the group, by topic; those from the beginning where it has no position. */
  readonly lag_records: Readonly<Record<string, number>>
}

/** Each rejects with an AppError. */
export type KafkaInspector = {
  /** Host and port of every broker. */
  brokers(): Promise<readonly string[]>
  /** Those that the brokers do not have, or do not let us see. */
  missing(plan: TopicPlan): Promise<readonly string[]>
  topics(plan: TopicPlan): Promise<KafkaTopics>
  /** Whether we may produce: a producer's number is given only to who may write somewhere (or has IdempotentWrite). */
  mayWrite(): Promise<void>
  group(groupId: string, topics: readonly string[]): Promise<GroupLag>
}

const CLOSE_MS = 2_000

export async function* withKafkaInspector<T>(
  options: KafkaClientOptions,
  log: Logger,
  work: (inspector: KafkaInspector) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const client = createKafkaClient(options, log)
  const admin = client.kafka.admin({ retry: { retries: 1 } })
  const producer = client.kafka.producer({ idempotent: true, retry: { retries: 1 } })
  let connecting: Promise<void> | undefined
  const ask = async <R>(doing: string, question: () => Promise<R>): Promise<R> => {
    try {
      await (connecting ??= admin.connect())
      return await question()
    } catch (error) {
      throw translateError(error, doing)
    }
  }
  const inspector: KafkaInspector = {
    brokers: () =>
      ask(`connecting to ${options.brokers.join(', ')}`, async () => {
        const { brokers } = await admin.describeCluster()
        return brokers.map(({ host, port }) => `${host}:${port}`)
      }),
    missing: (plan) =>
      ask('listing the topics', async () => {
        const present = new Set(await admin.listTopics())
        return Object.values(plan).flatMap(({ name }) => (present.has(name) ? [] : [name]))
      }),
    topics: (plan) =>
      ask('checking the topics', () => ensureTopics({ admin, log, plan, mayCreate: false, replicas: null })),
    mayWrite: () => ask('asking for a number to write with', () => producer.connect()),
    group: (groupId, topics) => ask(`asking for the group ${groupId}`, () => groupLag(admin, groupId, topics)),
  }
  try {
    yield* work(inspector)
  } finally {
    await closeClient(client, [admin, producer], CLOSE_MS)
  }
}

async function groupLag(admin: Admin, groupId: string, topics: readonly string[]): Promise<GroupLag> {
  const { groups } = await admin.describeGroups([groupId])
  const committed = await committedOffsets(admin, groupId, topics)
  const lag: Record<string, number> = {}
  for (const topic of topics) {
    const starts = new Map((await offsetsAt(admin, topic, 'earliest')).map((at) => [at.partition, at.offset]))
    for (const at of committed) if (at.topic === topic) starts.set(at.partition, at.offset)
    const ends = await offsetsAt(admin, topic, 'latest')
    lag[topic] = ends.reduce((sum, { partition, offset }) => sum + behind(starts.get(partition), offset), 0)
  }
  return { members: groups[0]?.members.length ?? 0, lag_records: lag }
}

function behind(from: bigint | undefined, end: bigint): number {
  return from === undefined || end < from ? 0 : Number(end - from)
}
