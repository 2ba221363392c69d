import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DeadLetter } from '../../../schemas/dead-letter.ts'
import kafkajs from 'kafkajs'
import Value from 'typebox/value'
import type { TopicPlan } from '../../../services/transport/kafka/ensure-topics.ts'
import type { KafkaSink } from '../../../services/transport/kafka/kafka-sink.ts'
import type { RecordConsumer } from '../../../services/transport/kafka/record-consumer.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { batchOf, eventsOf, type Kept, keeping, namesOf, planOf, sinkOf, sourceOf, withAdmin } from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const waiting = { timeout: 20_000, interval: 50 }
const MIB = 1024 * 1024

describe.skipIf(noBroker !== undefined)('sending to Kafka', () => {
  let broker: Broker
  const opened: { stop(): Promise<void> }[] = []
  beforeAll(async () => {
    broker = await startBroker()
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((part) => part.stop()))
  })
  afterAll(() => broker.stop())

  async function openSink(plan: TopicPlan, rest: Parameters<typeof sinkOf>[2] = {}): Promise<KafkaSink> {
    const sink = sinkOf(broker.brokers, plan, rest)
    opened.push(sink)
    await sink.start()
    return sink
  }

  async function openSource(plan: TopicPlan, kept: Kept): Promise<RecordConsumer> {
    const source = sourceOf(broker.brokers, plan, kept.handle)
    opened.push(source)
    await source.start()
    return source
  }

  function setTopic(topic: string, name: string, value: string): Promise<unknown> {
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }
    return withAdmin(broker.brokers, async (admin) => {
      await admin.alterConfigs({ validateOnly: false, resources: [resource] })
    })
  }

  it("keeps one device's events in order, also when many send at once", async () => {
    const plan = planOf(5)
    const kept = keeping()
    const sink = await openSink(plan, { bufferBytes: 64 * 1024 }) // small: most senders wait
    await openSource(plan, kept)
    const rounds = Array.from({ length: 40 }, (_, round) => eventsOf(100, { devices: 10, from: round * 100 }))
    await Promise.all(rounds.map((events) => sink.send(batchOf(events))))
    expect(sink.health()).toMatchObject({ state: 'ready', pending_bytes: 0, waiting: 0 })
    await expect.poll(() => kept.events().size, waiting).toBe(4_000)
    const byDevice = Map.groupBy(
      kept.batches.flatMap((batch) => batch.events),
      ({ computer }) => computer,
    )
    for (const events of byDevice.values()) {
      const ids = events.map(({ record_id }) => Number(record_id))
      expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    }
  })

  it('makes a dead letter, whole, of an event that the topic cannot take; those beside it pass', async () => {
    const plan = planOf(1)
    const kept = keeping()
    const sink = await openSink(plan)
    await openSource(plan, kept)
    const [large] = eventsOf(1, { from: 77, padding: 5 * MIB })
    const receipt = await sink.send(batchOf([...eventsOf(3), large!], { dropped: 2, batchId: 'with-a-large-one' }))
    expect(receipt).toEqual({ received: 6, accepted: 3, dead_lettered: 1, dropped: 2 })
    await expect
      .poll(() => kept.letters(), waiting)
      .toMatchObject([
        { reason: 'too_large_for_topic', source_kind: 'kafka', tenant: 'default', shipper: 'winlogbeat' },
      ])
    const [letter] = kept.letters()
    expect(Value.Check(DeadLetter, letter)).toBe(true)
    expect(JSON.parse(Buffer.from(letter!.bytes, 'base64').toString())).toEqual(large)
    await expect.poll(() => kept.events(), waiting).toEqual(namesOf(eventsOf(3)))
    expect(kept.batches.map(({ batchId }) => batchId)).toContain('with-a-large-one')
  })

  it('carries dead letters of 16 MiB records, and the beginning of what no topic takes', async () => {
    const plan = planOf(1)
    const kept = keeping()
    const sink = await openSink(plan)
    await openSource(plan, kept)
    const letter = (name: string, length: number): DeadLetter => ({
      dead_letter_key: Buffer.from(name.padEnd(16)).toString('hex'),
      tenant: 'default',
      source_kind: 'file',
      reason: 'not_json',
      detail: 'It is not.',
      origin: `${name}.json@0`,
      bytes: Buffer.alloc(length, 7).toString('base64'),
      length,
      shipper: null,
      received_at: '2026-11-24T08:00:00.000Z',
    })
    const letters = [letter('largest', 16 * MIB), letter('beyond', 19 * MIB)]
    const receipt = await sink.send(batchOf([], { deadLetters: letters }))
    expect(receipt).toEqual({ received: 2, accepted: 0, dead_lettered: 2, dropped: 0 })
    await expect.poll(() => kept.letters().length, waiting).toBe(2)
    const found = new Map(kept.letters().map((got) => [got.origin, got]))
    expect(found.get('largest.json@0')?.bytes.length).toBe(letters[0]?.bytes.length)
    expect(Buffer.from(found.get('beyond.json@0')?.bytes ?? '', 'base64')).toHaveLength(64 * 1024)
    expect(found.get('beyond.json@0')?.length).toBe(19 * MIB)
  })

  it('goes on with smaller batches, and dead letters, when the limit of the topic is lowered meanwhile', async () => {
    const plan = planOf(1)
    const kept = keeping()
    const sink = await openSink(plan)
    await openSource(plan, kept)
    await setTopic(plan.events.name, 'max.message.bytes', '20000')
    const noise = eventsOf(300).map((event) => ({ ...event, message: randomText(200) }))
    const large = { ...eventsOf(1, { from: 9_999 })[0]!, message: randomText(60_000) }
    const receipt = await sink.send(batchOf([...noise, large]))
    expect(receipt).toEqual({ received: 301, accepted: 300, dead_lettered: 1, dropped: 0 })
    await expect.poll(() => kept.events().size, waiting).toBe(300)
    expect(kept.letters()).toMatchObject([{ reason: 'too_large_for_topic' }])
  })

  it('makes topics once, also when several start at a time, and takes them as they are afterwards', async () => {
    const plan = planOf(3)
    await Promise.all([openSink(plan), openSink(plan), openSink(plan)])
    await openSink(plan, { mayCreateTopics: false })
    const { topics } = await withAdmin(broker.brokers, (admin) =>
      admin.fetchTopicMetadata({ topics: [plan.events.name, plan.dead_letters.name] }),
    )
    expect(topics.map(({ partitions }) => partitions.length).toSorted()).toEqual([3, 4])
  })

  it('asks its senders to come again while its topics are gone, and goes on when they are there again', async () => {
    const plan = planOf(3)
    const sink = await openSink(plan, { sendDeadlineMs: 2_000 })
    await sink.send(batchOf(eventsOf(5)))
    await withAdmin(broker.brokers, (admin) => admin.deleteTopics({ topics: [plan.events.name] }))
    const refusal: unknown = await sink.send(batchOf(eventsOf(5, { from: 100 }))).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(refusal).toMatchObject({ code: 'BROKER_UNAVAILABLE', retryable: true })
    // The next service that starts makes them again.
    const kept = keeping()
    await openSource(plan, kept)
    const events = eventsOf(50, { from: 1000 })
    await expect.poll(() => sink.send(batchOf(events)).then(({ accepted }) => accepted, String), waiting).toBe(50)
    // What was refused may have arrived all the same, which counts once.
    await expect.poll(() => [...namesOf(events)].filter((name) => !kept.events().has(name)), waiting).toEqual([])
  })

  it('refuses to start without its topics when it may not make them, and says the command that does', async () => {
    const plan = planOf(3)
    const refused = sinkOf(broker.brokers, plan, { mayCreateTopics: false }).start()
    await expect(refused).rejects.toMatchObject({ code: 'TOPIC_MISMATCH', retryable: false })
    await expect(refused).rejects.toThrow(`kafka-topics.sh --create --topic ${plan.events.name} --partitions 3`)
  })

  it('refuses topics with too few partitions, another policy, shorter retention or a smaller limit, all at once', async () => {
    const plan = planOf(3)
    await withAdmin(broker.brokers, (admin) =>
      admin.createTopics({
        topics: [
          {
            topic: plan.events.name,
            numPartitions: 1,
            configEntries: Object.entries({
              'cleanup.policy': 'compact',
              'retention.ms': '1000',
              'max.message.bytes': '1000',
            }).map(([name, value]) => ({ name, value })),
          },
        ],
      }),
    )
    const error: unknown = await sinkOf(broker.brokers, plan)
      .start()
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'TOPIC_MISMATCH' })
    for (const words of [
      `--topic ${plan.events.name} --partitions 3`,
      'set kafka_partitions to 1',
      'cleanup.policy compact, not delete',
      'retention.ms 1000, not 604800000',
      'max.message.bytes 1000, not 1048576',
      'message.timestamp.type CreateTime, not LogAppendTime',
    ]) {
      expect((error as Error).message).toContain(words)
    }
  })

  it('sends nothing once it stops, and may be stopped before it started', async () => {
    const plan = planOf(1)
    const sink = sinkOf(broker.brokers, plan)
    await expect(sink.send(batchOf(eventsOf(1)))).rejects.toMatchObject({ code: 'STOPPING', retryable: true })
    await sink.stop()
    await sink.stop()
    await expect(sink.start()).rejects.toMatchObject({ code: 'STOPPING' })
  })
})

/** Does not compress well. */
function randomText(length: number): string {
  let state = 12_345
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return String.fromCharCode(33 + ((state >>> 16) % 90))
  }).join('')
}
