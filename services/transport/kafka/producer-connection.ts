/**
 * The idempotent producer of kafkajs, made safe against two ways in which it acknowledges what is lost
 * (docs/decisions/0010-kafka-client.md). It numbers messages by partition; when a send fails with its outcome unknown, it
 * gives the same numbers to the next messages, and a broker that had stored the failed ones takes the next for repeats of
 * them: so there is one send at a time, and a producer whose send failed is never used again; the next has a new producer id.
 * And when leaders move during a send, it leaves out what goes to a broker that answered already, and resolves: so every
 * partition must be in its answer, else that partition is sent again.
 */
import { CompressionTypes, type Message as ClientMessage, type Producer } from 'kafkajs'
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { closeClient, createKafkaClient, type KafkaClient } from './client.ts'
import type { KafkaClientOptions } from './client-options.ts'
import type { Message } from './encode-message.ts'
import { withinDeadline } from './within-deadline.ts'

/** Messages of one partition, that fit one record batch. */
export type PartitionMessages = {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly Message[]
}

export type ProducerConnection = {
  /** Connects unless connected. Errors are kafkajs' own. */
  connect(): Promise<void>
  /** Resolves when all replicas in sync have all of it. When it rejects, any part of it may be stored. Never call it twice at a time. */
  send(round: readonly PartitionMessages[]): Promise<void>
  /** Closes within the deadline. Safe to call twice. */
  close(deadlineMs: number): Promise<void>
}

type Open = { readonly client: KafkaClient; readonly producer: Producer }

/** How long the broker may wait for its replicas; shorter than our request timeout, so that the broker's answer comes first. */
const ACKS_TIMEOUT_MS = 15_000
const DISCARD_MS = 1_000
/** 0.2 + 0.4 + 0.8 + 1.6 + 3 s: through a change of leaders, and short enough for a sender that waits. */
const RETRY = { initialRetryTime: 200, maxRetryTime: 3_000, retries: 5 }

export function createProducerConnection(deps: {
  readonly client: KafkaClientOptions
  readonly log: Logger
  readonly sendDeadlineMs: number
}): ProducerConnection {
  let current: Open | undefined
  const closing = new Set<Promise<void>>()

  async function open(): Promise<Open> {
    const client = createKafkaClient(deps.client, deps.log)
    const producer = client.kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: () => partitionOfMessage,
      retry: RETRY,
    })
    const opened = { client, producer }
    try {
      await producer.connect()
      return opened
    } catch (error) {
      discard(opened)
      throw error
    }
  }

  function discard({ client, producer }: Open): void {
    const closed = closeClient(client, [producer], DISCARD_MS).finally(() => closing.delete(closed))
    closing.add(closed)
  }

  /** The partitions that were acknowledged. */
  async function sendOnce(round: readonly PartitionMessages[], leftMs: number): Promise<ReadonlySet<string>> {
    const opened = await connect()
    let acknowledged: ReadonlySet<string> = new Set()
    try {
      const sending = opened.producer
        .sendBatch({
          acks: -1,
          timeout: ACKS_TIMEOUT_MS,
          compression: CompressionTypes.ZSTD,
          topicMessages: byTopic(round),
        })
        .then((answers) => {
          acknowledged = new Set(answers.map(({ topicName: topic, partition }) => idOf({ topic, partition })))
        })
      if (!(await withinDeadline(sending, Math.max(0, leftMs)))) throw tooLate(deps.sendDeadlineMs)
      return acknowledged
    } finally {
      if (!round.every((part) => acknowledged.has(idOf(part)))) {
        current = undefined
        discard(opened)
      }
    }
  }

  async function connect(): Promise<Open> {
    return (current ??= await open())
  }

  return {
    async connect() {
      await connect()
    },
    async send(round) {
      const deadline = performance.now() + deps.sendDeadlineMs
      for (let left = round; left.length > 0;) {
        const acknowledged = await sendOnce(left, deadline - performance.now())
        left = left.filter((part) => !acknowledged.has(idOf(part)))
        if (left.length > 0) deps.log.info({ partitions: left.map(idOf) }, 'not acknowledged: sending again')
      }
    },
    async close(deadlineMs) {
      const opened = current
      current = undefined
      if (opened !== undefined) await closeClient(opened.client, [opened.producer], deadlineMs)
      await Promise.all(closing)
    },
  }
}

function idOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`
}

function tooLate(ms: number): AppError {
  const message = `Kafka did not acknowledge within ${ms} ms: the brokers hang or have too few replicas in sync`
  return new AppError('BROKER_UNAVAILABLE', message, { retryable: true })
}

function byTopic(round: readonly PartitionMessages[]): { topic: string; messages: ClientMessage[] }[] {
  const topics = new Map<string, ClientMessage[]>()
  for (const { topic, partition, messages } of round) {
    const ofTopic = topics.get(topic) ?? []
    topics.set(topic, ofTopic)
    for (const { key, value, headers } of messages) ofTopic.push({ key, value, headers, partition })
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }))
}

function partitionOfMessage({ message }: { readonly message: ClientMessage }): number {
  return message.partition ?? 0
}
