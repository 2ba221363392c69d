import { spawn } from 'node:child_process'
import { join } from 'node:path'
import kafkajs, { type Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planTopics, type TopicPlan } from '../../../services/transport/kafka/ensure-topics.ts'
import { createRecordConsumer } from '../../../services/transport/kafka/record-consumer.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { bringKafkaJars } from '../../support/kafka-broker/kafka-jars.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { clientOf, eventsOf, keeping, planOf, silent, sinkOf, sourceOf, withAdmin } from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const jars = noBroker === undefined ? await bringKafkaJars() : { missing: noBroker }
const waiting = { timeout: 20_000, interval: 50 }
const MIB = 1024 * 1024

describe.skipIf(noBroker !== undefined)("other programs' messages in our topics", () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await startBroker()
  })
  afterAll(() => broker.stop())

  async function produce(topic: string, messages: readonly Message[]): Promise<void> {
    await withAdmin(broker.brokers, async (_, kafka) => {
      const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
      await producer.connect()
      await producer.send({ topic, messages: [...messages] })
      await producer.disconnect()
    })
  }

  it('become dead letters with their bytes and where they stood; ours around them pass', async () => {
    const plan = planOf(1)
    const kept = keeping()
    const source = sourceOf(broker.brokers, plan, kept.handle)
    await source.start()
    const [event] = eventsOf(1)
    const ours = { schema: '1', tenant: 'contoso' }
    const value = JSON.stringify(event)
    await produce(plan.events.name, [
      { value, headers: ours },
      { key: 'k1', value: null, headers: ours },
      { key: 'k2', value: null },
      { value: 'hello' },
      { value, headers: { ...ours, traceparent: '00-1-2-01', 'x-mirror': 'a' } },
      { value, headers: { ...ours, schema: '2' } },
      { value, headers: { ...ours, schema: ['1', '1'] } },
      { value, headers: { ...ours, tenant: '' } },
      { value: Buffer.from([0xff, 0xfe]), headers: ours },
      { value: '{"computer":', headers: ours },
      { value: JSON.stringify({ ...event, event_id: 65_536 }), headers: ours },
    ])
    await expect.poll(() => kept.letters().length, waiting).toBe(9)
    await source.stop()
    expect(kept.batches.flatMap(({ events }) => events)).toHaveLength(2)
    const place = `kafka:${plan.events.name}/0@`
    expect(kept.letters().map(({ origin, reason, tenant }) => [origin.slice(place.length), reason, tenant])).toEqual([
      ['1', 'unknown_shape', 'contoso'],
      ['2', 'unknown_shape', 'default'],
      ['3', 'unknown_shape', 'default'],
      ['5', 'unknown_schema_version', 'contoso'],
      ['6', 'unknown_shape', 'contoso'],
      ['7', 'unknown_shape', 'default'],
      ['8', 'not_utf8', 'contoso'],
      ['9', 'not_json', 'contoso'],
      ['10', 'invalid_event', 'contoso'],
    ])
    expect(kept.letters().every(({ origin }) => origin.startsWith(place))).toBe(true)
    expect(new Set(kept.letters().map(({ dead_letter_key }) => dead_letter_key)).size).toBe(9)
    expect(Buffer.from(kept.letters()[6]?.bytes ?? '', 'base64')).toEqual(Buffer.from([0xff, 0xfe]))
  })

  it('of 5 MB and of 20 MB are kept: whole, and the beginning', async () => {
    const plan = planOf(1)
    const topics = Object.values(plan).map((topic) => ({ ...topic, maxMessageBytes: 24 * MIB }))
    await withAdmin(broker.brokers, (admin) =>
      admin.createTopics({
        topics: topics.map((topic) => ({
          topic: topic.name,
          numPartitions: topic.partitions,
          configEntries: [
            { name: 'max.message.bytes', value: String(topic.maxMessageBytes) },
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
            { name: 'retention.ms', value: String(topic.retentionMs) },
          ],
        })),
      }),
    )
    const kept = keeping()
    const source = sourceOf(broker.brokers, plan, kept.handle)
    await source.start()
    await produce(plan.events.name, [{ value: Buffer.alloc(5_000_000, 1) }])
    await produce(plan.events.name, [{ value: Buffer.alloc(20_000_000, 2) }])
    await expect.poll(() => kept.letters().length, waiting).toBe(2)
    await source.stop()
    expect(
      kept.letters().map(({ length, reason, bytes }) => [length, reason, Buffer.byteLength(bytes, 'base64')]),
    ).toEqual([
      [5_000_000, 'unknown_shape', 5_000_000],
      [20_000_000, 'too_large', 65_536],
    ])
  })

  it('in the topic of dead letters become dead letters too', async () => {
    const plan = planOf(1)
    const kept = keeping()
    const source = sourceOf(broker.brokers, plan, kept.handle)
    await source.start()
    await produce(plan.dead_letters.name, [
      { value: '{}', headers: { schema: '1', tenant: 'contoso', batch: 'b' } },
      { value: JSON.stringify(eventsOf(1)[0]), headers: { schema: '1', tenant: 'contoso' } },
    ])
    await expect.poll(() => kept.letters().length, waiting).toBe(2)
    await source.stop()
    expect(new Set(kept.letters().map(({ reason }) => reason))).toEqual(new Set(['unknown_shape']))
  })

  it.skipIf('missing' in jars).each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    "are read with the Java client's compression: %s",
    async (compression) => {
      const plan = planTopics({
        kafka_topic_prefix: `java-${compression}-`,
        kafka_partitions: 1,
        kafka_retention_hours: null,
      })
      await makeTopics(plan)
      const lines = Array.from(
        { length: 2_000 },
        (_, at) => `line ${at} ${'abc'.repeat(at % 50)} ${Math.imul(at, 2_654_435_761)}`,
      )
      await consoleProducer(plan.events.name, compression, lines)
      const read: string[] = []
      const consumer = createRecordConsumer({
        client: clientOf(broker.brokers),
        log: silent,
        groupId: `java-${compression}`,
        topics: [plan.events.name],
        start: 'earliest',
        handle(chunks) {
          for (const { records } of chunks) read.push(...records.map(({ value }) => String(value)))
          return Promise.resolve()
        },
        onFault: (error) => {
          throw error
        },
        sessionTimeoutMs: 10_000,
        maxRecords: 1_000,
        bufferBytes: MIB,
        lingerMs: 20,
        inFlight: 1,
        stopDeadlineMs: 5_000,
        now: Date.now,
      })
      await consumer.start()
      await expect.poll(() => read.length, waiting).toBe(2_000)
      await consumer.stop()
      expect(read).toEqual(lines)
    },
  )

  async function makeTopics(plan: TopicPlan): Promise<void> {
    const sink = sinkOf(broker.brokers, plan)
    await sink.start()
    await sink.stop()
  }

  /** Kafka's own command, as an operator would run it. */
  async function consoleProducer(topic: string, compression: string, lines: readonly string[]): Promise<void> {
    const folder = 'folder' in jars ? jars.folder : ''
    const tool = ['-Xmx128m', '-cp', join(folder, '*'), 'org.apache.kafka.tools.ConsoleProducer']
    const options = [
      '--bootstrap-server',
      broker.brokers.join(','),
      '--topic',
      topic,
      '--compression-codec',
      compression,
    ]
    const child = spawn('java', [...tool, ...options], { stdio: ['pipe', 'ignore', 'ignore'] })
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.stdin.end(`${lines.join('\n')}\n`)
    expect(await exit).toBe(0)
  }
})
