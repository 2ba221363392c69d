/** The state of a consumer and of a sink of Kafka as metrics, read when metrics are collected. */
import { observe } from '../runtime/telemetry/instruments.ts'
import { type Undo, undoAll } from '../runtime/telemetry/observed-part.ts'
import type { KafkaSink } from '../transport/kafka/kafka-sink.ts'
import type { ConsumerHealth, RecordConsumer } from '../transport/kafka/record-consumer.ts'

const CONSUMER_STATES = ['reading', 'paused', 'blocked', 'waiting', 'failed', 'stopped'] as const
const SINK_STATES = ['starting', 'ready', 'failing', 'stopped'] as const
const PAUSED_BY = ['operator', 'back_pressure'] as const

/** Ends with the function that it returns. */
export function observeConsumer(consumer: Pick<RecordConsumer, 'health'>, groupId: string): Undo {
  const ofGroup = { 'messaging.consumer.group.name': groupId }
  const perPartition = (of: (lag: ConsumerHealth['partitions'][number]) => number | null) => {
    const known = consumer.health().partitions.map((lag) => ({ lag, value: of(lag) }))
    return known.flatMap(({ lag: { topic, partition }, value }) => {
      const at = { 'messaging.destination.name': topic, 'messaging.destination.partition.id': String(partition) }
      return value === null ? [] : [{ value, at: { ...ofGroup, ...at } }]
    })
  }
  return undoAll([
    observe('roamwatch.kafka.consumer.lag.records', (report) => {
      for (const { value, at } of perPartition((lag) => lag.lag_records)) report(value, at)
    }),
    observe('roamwatch.kafka.consumer.lag.time', (report) => {
      for (const { value, at } of perPartition((lag) => lag.lag_seconds)) report(value, at)
    }),
    observe('roamwatch.kafka.consumer.buffered', (report) => report(consumer.health().buffered_bytes, ofGroup)),
    observe('roamwatch.kafka.consumer.lost.records', (report) => report(consumer.health().lost_to_retention, ofGroup)),
    observe('roamwatch.kafka.consumer.paused', (report) => {
      const { paused } = consumer.health()
      for (const by of PAUSED_BY) report(paused === by ? 1 : 0, { ...ofGroup, 'roamwatch.paused.by': by })
    }),
    observe('roamwatch.kafka.consumer.state', (report) => {
      const { state } = consumer.health()
      for (const one of CONSUMER_STATES) report(state === one ? 1 : 0, { ...ofGroup, 'roamwatch.state': one })
    }),
  ])
}

/** Ends with the function that it returns. */
export function observeSink(sink: Pick<KafkaSink, 'health'>): Undo {
  return undoAll([
    observe('roamwatch.kafka.producer.pending', (report) => report(sink.health().pending_bytes)),
    observe('roamwatch.kafka.producer.waiting', (report) => report(sink.health().waiting)),
    observe('roamwatch.kafka.producer.state', (report) => {
      const { state } = sink.health()
      for (const one of SINK_STATES) report(state === one ? 1 : 0, { 'roamwatch.state': one })
    }),
  ])
}
