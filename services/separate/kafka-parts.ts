/** The Kafka transport as the settings ask for it. */
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Part } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logging.ts'
import { observedPart } from '../runtime/telemetry/observed-part.ts'
import { readClientOptions } from '../transport/kafka/client-options.ts'
import { planTopics } from '../transport/kafka/ensure-topics.ts'
import { createKafkaSink, type KafkaSink } from '../transport/kafka/kafka-sink.ts'
import type { ConsumerHealth, RecordConsumer } from '../transport/kafka/record-consumer.ts'
import { observeConsumer, observeSink } from './observe-kafka.ts'

/** A first record waits so long for others: ClickHouse likes few large inserts, and nobody waits for long. */
const LINGER_MS = 50
/** Hand-overs at a time: one is encoded while the other is stored. */
const IN_FLIGHT = 2
/** Shippers give up a request after 30 to 90 seconds: they are to hear of a broker that hangs before that. */
const SEND_DEADLINE_MS = 20_000

/** Throws SETTINGS_INVALID. */
export function kafkaOptions(settings: Settings, log: Logger) {
  return {
    client: readClientOptions(settings),
    log,
    plan: planTopics(settings),
    mayCreateTopics: settings.kafka_topics === 'create',
    replicas: settings.kafka_replicas,
  }
}

/** What every consumer of records is set up with. */
export function consumerOptions(
  settings: Settings,
  deps: { readonly log: Logger; readonly onFault: (error: unknown) => void },
) {
  return {
    ...deps,
    start: settings.kafka_start,
    sessionTimeoutMs: settings.kafka_session_timeout_ms,
    maxRecords: settings.kafka_batch_events,
    bufferBytes: settings.kafka_buffer_bytes,
    lingerMs: LINGER_MS,
    inFlight: IN_FLIGHT,
    stopDeadlineMs: settings.stop_deadline_ms,
    now: Date.now,
  }
}

/** Consumer groups follow the topics' prefix: two installations on the same brokers never share one by accident. */
export function groupIds(settings: Settings): { readonly process: string; readonly tap: string } {
  const prefix = settings.kafka_topic_prefix
  return {
    process: settings.kafka_group_id ?? `${prefix}process`,
    tap: settings.kafka_tap_group_id ?? `${prefix}tap`,
  }
}

export function createSink(settings: Settings, log: Logger): KafkaSink {
  const options = {
    ...kafkaOptions(settings, log),
    bufferBytes: settings.kafka_buffer_bytes,
    sendDeadlineMs: SEND_DEADLINE_MS,
    now: () => new Date(),
  }
  return createKafkaSink(options)
}

export type SinkParts = {
  /** Connects in the background: what stands before it in the order of starting may answer meanwhile. */
  readonly connecting: Part
  /** Resolves when it is connected. */
  readonly connected: Part
  readonly check: HealthCheck
}

export function sinkParts(sink: KafkaSink): SinkParts {
  let starting: Promise<void> = Promise.resolve()
  const connecting: Part = {
    name: 'Kafka sink',
    start() {
      starting = sink.start()
      starting.catch(() => undefined) // `connected` hears of it
      return Promise.resolve()
    },
    stop: () => sink.stop(),
  }
  return {
    connecting: observedPart(connecting, () => observeSink(sink)),
    connected: {
      name: 'Kafka connection',
      start: () => starting,
      stop: () => Promise.resolve(),
      interrupt: () => void sink.stop(),
    },
    check: {
      name: 'kafka',
      check() {
        const { state, error } = sink.health()
        if (state === 'ready') return Promise.resolve()
        return Promise.reject(notReady(error?.message ?? state))
      },
    },
  }
}

export function consumerPart(consumer: RecordConsumer, groupId: string): Part {
  const part: Part = {
    name: 'Kafka consumer',
    start: () => consumer.start(),
    stop: () => consumer.stop(),
    interrupt: () => void consumer.stop(),
  }
  return observedPart(part, () => observeConsumer(consumer, groupId))
}

/** Ready is who reads, and who holds still only because the buffer is full: that is how it keeps up. */
export function consumerCheck(consumer: RecordConsumer): HealthCheck {
  return {
    name: 'kafka',
    check() {
      const { state, paused, error } = consumer.health()
      if (state === 'reading' || (state === 'paused' && paused === 'back_pressure')) return Promise.resolve()
      return Promise.reject(notReady(error === null ? state : `${state}: ${error.message}`))
    },
  }
}

function notReady(why: string): AppError {
  return new AppError('BROKER_UNAVAILABLE', why, { retryable: true })
}

/** For /status: lag per partition in records and seconds, and the sum and the worst of them; null until known. */
export function consumerFigures(consumer: RecordConsumer): Readonly<Record<string, unknown>> {
  const health = consumer.health()
  return { ...health, ...totalLag(health.partitions) }
}

function totalLag(partitions: ConsumerHealth['partitions']) {
  const records = partitions.map(({ lag_records }) => lag_records)
  const seconds = partitions.map(({ lag_seconds }) => lag_seconds).filter((value) => value !== null)
  const isKnown = records.length > 0 && !records.includes(null)
  return {
    lag_records: isKnown ? records.reduce<number>((sum, value) => sum + (value ?? 0), 0) : null,
    lag_seconds: isKnown && seconds.length > 0 ? Math.max(...seconds) : null,
  }
}
