/**
 * The Kafka topics and what a message in them looks like. One JSON object a message, in UTF-8, of the schema named here;
 * headers say whose it is and in which version. Facts and coverage will be topics here too.
 */

export type TopicDefinition = {
  /** The setting kafka_topic_prefix goes in front. */
  readonly name: string
  readonly partitions: number
  /** cleanup.policy. delete: whole segments leave by age; compact: the last message of a key stays. */
  readonly cleanupPolicy: 'delete' | 'compact'
  /** retention.ms: how long the store or every processor may be down before something is lost. -1: for ever. */
  readonly retentionMs: number
  /** max.message.bytes: the largest record batch, as compressed. */
  readonly maxMessageBytes: number
}

const DAY_MS = 24 * 60 * 60 * 1000
const MIB = 1024 * 1024

export const TOPICS = {
  /** Value: WindowsEvent. Key: tenant and computer, so that the events of one device stay in order. */
  events: { name: 'events', partitions: 12, cleanupPolicy: 'delete', retentionMs: 7 * DAY_MS, maxMessageBytes: MIB },
  /**
   * Value: DeadLetter. Key: dead_letter_key. Never compacted: every message is a sighting that counts. A letter keeps a
   * record of up to 16 MiB in base64, and must itself always fit.
   */
  dead_letters: {
    name: 'dead-letters',
    partitions: 4,
    cleanupPolicy: 'delete',
    retentionMs: 30 * DAY_MS,
    maxMessageBytes: 24 * MIB,
  },
} as const satisfies Record<string, TopicDefinition>
export type TopicName = keyof typeof TOPICS

/** Version of the message values; a reader refuses a higher one (dead letter `unknown_schema_version`). */
export const MESSAGE_SCHEMA_VERSION = 1

/** Header names. Others (`traceparent`, what a mirror or an interceptor adds) are ignored. */
export const MESSAGE_HEADERS = {
  /** MESSAGE_SCHEMA_VERSION in decimal. A message without it is another program's. */
  schema: 'schema',
  tenant: 'tenant',
  /** Batch.batchId, on dead letters only: what was sent twice is one sighting. */
  batch: 'batch',
  /** Batch.replay as JSON, on events only: which dead letter is closed when the event is stored. */
  replay: 'replay',
} as const

/** Key of an event's message: the tenant, NUL, the computer as in WindowsEvent. Neither can hold a NUL. */
export function eventMessageKey(tenant: string, computer: string): string {
  return `${tenant}\0${computer}`
}
