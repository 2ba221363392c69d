import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../../../services/runtime/errors.ts'
import type { TopicPlan } from '../../../services/transport/kafka/ensure-topics.ts'
import type { RecordConsumer } from '../../../services/transport/kafka/record-consumer.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import {
  batchOf,
  committedOf,
  eventsOf,
  type Kept,
  keeping,
  namesOf,
  planOf,
  sinkOf,
  sourceOf,
  withAdmin,
} from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const waiting = { timeout: 20_000, interval: 50 }

describe.skipIf(noBroker !== undefined)('reading from Kafka', () => {
  let broker: Broker
  const opened: RecordConsumer[] = []
  beforeAll(async () => {
    broker = await startBroker()
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((source) => source.stop()))
  })
  afterAll(() => broker.stop())

  async function open(plan: TopicPlan, kept: Kept, rest: Parameters<typeof sourceOf>[3] = {}): Promise<RecordConsumer> {
    const source = sourceOf(broker.brokers, plan, kept.handle, rest)
    opened.push(source)
    await source.start()
    return source
  }

  async function send(plan: TopicPlan, events: ReturnType<typeof eventsOf>): Promise<void> {
    const sink = sinkOf(broker.brokers, plan)
    await sink.start()
    await sink.send(batchOf(events))
    await sink.stop()
  }

  /** As retention does: the log of partition 0 begins at `offset`. */
  function deleteBefore(plan: TopicPlan, offset: string): Promise<void> {
    return withAdmin(broker.brokers, async (admin) => {
      await admin.fetchTopicOffsets(plan.events.name) // kafkajs deletes only where it knows the leaders
      await admin.deleteTopicRecords({ topic: plan.events.name, partitions: [{ partition: 0, offset }] })
    })
  }

  it('commits only what was stored, so that a consumer killed before it stored loses nothing', async () => {
    const plan = planOf(3)
    const events = eventsOf(300)
    await send(plan, events)
    const script = join(import.meta.dirname, 'consumer-process.ts')
    const child = spawn(process.execPath, [script, broker.brokers.join(','), JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await expect.poll(() => output, waiting).toContain('handling')
    const exit = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exit
    expect(await committedOf(broker.brokers, plan)).toBe(0)
    const kept = keeping()
    await open(plan, kept)
    await expect.poll(() => kept.events(), waiting).toEqual(namesOf(events))
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(300)
  })

  it('names what comes again as it did before, so that a repeat is the same sighting', async () => {
    const plan = planOf(1)
    await send(plan, eventsOf(3))
    await withAdmin(broker.brokers, async (_, kafka) => {
      const producer = kafka.producer()
      await producer.connect()
      await producer.send({ topic: plan.events.name, messages: [{ value: 'foreign' }, { value: 'other' }] })
      await producer.disconnect()
    })
    const first = keeping()
    const source = await open(plan, first)
    await expect.poll(() => first.letters().length, waiting).toBe(2)
    await source.seek('earliest')
    await expect.poll(() => first.letters().length, waiting).toBe(4)
    const ids = first.batches.filter(({ deadLetters }) => deadLetters.length > 0).map(({ batchId }) => batchId)
    expect(new Set(ids).size).toBe(2)
    expect(new Set(first.letters().map(({ dead_letter_key }) => dead_letter_key)).size).toBe(2)
  })

  it('holds what cannot be stored, keeps its membership meanwhile, and goes on when the store is back', async () => {
    const plan = planOf(2)
    const events = eventsOf(200)
    await send(plan, events)
    let isDown = true
    const kept = keeping(() => {
      if (isDown) throw new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })
      return Promise.resolve()
    })
    const source = await open(plan, kept, { sessionTimeoutMs: 2_000 })
    await expect.poll(() => source.health().state, waiting).toBe('blocked')
    expect(source.health().error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const other = keeping()
    await new Promise((resolve) => setTimeout(resolve, 4_000)) // twice the session timeout: nothing may happen in it
    expect(await committedOf(broker.brokers, plan)).toBe(0)
    isDown = false
    await expect.poll(() => kept.events(), waiting).toEqual(namesOf(events))
    await expect.poll(() => source.health().state, waiting).toBe('reading')
    expect(kept.batches.flatMap((batch) => batch.events)).toHaveLength(200) // nobody had it twice
    expect(other.batches).toEqual([])
  })

  it('keeps its partitions while one hand-over takes longer than the session timeout', async () => {
    const plan = planOf(1)
    await send(plan, eventsOf(50))
    const kept = keeping(() => new Promise((resolve) => setTimeout(resolve, 3_500)))
    await open(plan, kept, { sessionTimeoutMs: 1_500, inFlight: 1 })
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(50)
    expect(kept.batches.flatMap((batch) => batch.events)).toHaveLength(50)
  })

  it('pauses when the buffer is full, does not grow, and reads on afterwards', async () => {
    const plan = planOf(4)
    const events = eventsOf(6_000, { padding: 1_000 })
    await send(plan, events)
    let isOpen = false
    const kept = keeping(async () => {
      while (!isOpen) await new Promise((resolve) => setTimeout(resolve, 20))
    })
    const source = await open(plan, kept, { bufferBytes: 512 * 1024, maxRecords: 100, sessionTimeoutMs: 3_000 })
    await expect.poll(() => source.health().paused, waiting).toBe('back_pressure')
    const { buffered_bytes } = source.health()
    expect(buffered_bytes).toBeGreaterThan(512 * 1024)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(source.health().buffered_bytes).toBe(buffered_bytes)
    isOpen = true
    await expect.poll(() => kept.events().size, waiting).toBe(6_000)
    await expect.poll(() => source.health().paused, waiting).toBe(null)
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(6_000)
  })

  it('stops reading when told to and goes on where it was', async () => {
    const plan = planOf(2)
    const kept = keeping()
    const source = await open(plan, kept)
    await send(plan, eventsOf(10))
    await expect.poll(() => kept.events().size, waiting).toBe(10)
    source.pause()
    expect(source.health()).toMatchObject({ state: 'paused', paused: 'operator' })
    await send(plan, eventsOf(10, { from: 100 }))
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(kept.events().size).toBe(10)
    source.resume()
    await expect.poll(() => kept.events().size, waiting).toBe(20)
    expect(source.health().state).toBe('reading')
  })

  it('shares the partitions with a second consumer and takes them back, without losing an event', async () => {
    const plan = planOf(6)
    const kept = keeping()
    const first = await open(plan, kept)
    const sink = sinkOf(broker.brokers, plan)
    await sink.start()
    const sent: ReturnType<typeof eventsOf> = []
    let isSending = true
    const sending = (async () => {
      for (let round = 0; isSending; round++) {
        const events = eventsOf(50, { devices: 50, from: round * 50 })
        await sink.send(batchOf(events))
        sent.push(...events)
      }
    })()
    const second = await open(plan, kept)
    const eventPartitions = (source: RecordConsumer) =>
      source.health().partitions.filter(({ topic }) => topic === plan.events.name).length
    await expect.poll(() => eventPartitions(first) + eventPartitions(second), waiting).toBe(6)
    expect(eventPartitions(second)).toBeGreaterThan(0)
    await second.stop()
    await expect.poll(() => eventPartitions(first), waiting).toBe(6)
    isSending = false
    await sending
    await sink.stop()
    await expect.poll(() => kept.events().size, waiting).toBe(sent.length)
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(sent.length)
  })

  it('reads again from a time, from the start and from the end', async () => {
    const plan = planOf(2)
    await send(plan, eventsOf(20))
    const between = new Date(Date.now() + 5).toISOString()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await send(plan, eventsOf(20, { from: 100 }))
    const kept = keeping()
    const source = await open(plan, kept)
    await expect.poll(() => kept.events().size, waiting).toBe(40)
    kept.batches.length = 0
    await source.seek(between)
    await expect.poll(() => kept.events(), waiting).toEqual(namesOf(eventsOf(20, { from: 100 })))
    kept.batches.length = 0
    await source.seek('earliest')
    await expect.poll(() => kept.events().size, waiting).toBe(40)
    kept.batches.length = 0
    await source.seek('latest')
    await send(plan, eventsOf(5, { from: 500 }))
    await expect.poll(() => kept.events(), waiting).toEqual(namesOf(eventsOf(5, { from: 500 })))
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(45)
    await expect(source.seek('yesterday')).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
  })

  it('begins at the end, or at a time, where the group has no position; a position wins over both', async () => {
    const plan = planOf(2)
    await send(plan, eventsOf(20))
    const kept = keeping()
    const source = await open(plan, kept, { start: 'latest' })
    await send(plan, eventsOf(5, { from: 100 }))
    await expect.poll(() => kept.events(), waiting).toEqual(namesOf(eventsOf(5, { from: 100 })))
    await source.stop()
    await send(plan, eventsOf(5, { from: 200 })) // while nobody reads
    const later = keeping()
    await open(plan, later, { start: 'latest' })
    await expect.poll(() => later.events(), waiting).toEqual(namesOf(eventsOf(5, { from: 200 })))
    const other = keeping()
    await open(plan, other, { start: '2001-01-01T00:00:00Z', groupId: `other-${plan.events.name}` })
    await expect.poll(() => other.events().size, waiting).toBe(30)
  })

  it('says what retention deleted before it was read, and reads what is left', async () => {
    const plan = planOf(1)
    const kept = keeping()
    const source = await open(plan, kept)
    await send(plan, eventsOf(10))
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(10)
    source.pause()
    await send(plan, eventsOf(30, { from: 100 }))
    await deleteBefore(plan, '25')
    source.resume()
    await expect.poll(() => kept.events().size, waiting).toBe(25)
    await expect.poll(() => source.health().lost_to_retention, waiting).toBe(15)
    await source.stop()

    await send(plan, eventsOf(2, { from: 900 }))
    await deleteBefore(plan, '41')
    const later = keeping()
    const again = await open(plan, later)
    await expect.poll(() => later.events().size, waiting).toBe(1)
    expect(again.health().lost_to_retention).toBe(1)
  })

  it('tells the lag of each partition in records and seconds', async () => {
    const plan = planOf(1)
    let isOpen = false
    const kept = keeping(async () => {
      while (!isOpen) await new Promise((resolve) => setTimeout(resolve, 20))
    })
    const source = await open(plan, kept)
    await send(plan, eventsOf(10))
    const lag = () => source.health().partitions.find(({ topic }) => topic === plan.events.name)
    await expect.poll(() => lag()?.lag_records, waiting).toBe(10)
    await expect.poll(() => lag()?.lag_seconds ?? 0, waiting).toBeGreaterThan(0.5)
    isOpen = true
    await expect.poll(() => lag(), waiting).toMatchObject({ lag_records: 0, lag_seconds: 0, stored_offset: '10' })
  })

  it('finds its topics again after they were deleted', async () => {
    const plan = planOf(1)
    const kept = keeping()
    await open(plan, kept)
    await send(plan, eventsOf(3))
    await expect.poll(() => kept.events().size, waiting).toBe(3)
    await withAdmin(broker.brokers, (admin) => admin.deleteTopics({ topics: [plan.events.name] }))
    await expect
      .poll(() => withAdmin(broker.brokers, (admin) => admin.listTopics()), { timeout: 50_000, interval: 500 })
      .toContain(plan.events.name)
    await send(plan, eventsOf(3, { from: 50 }))
    await expect.poll(() => kept.events().size, { timeout: 50_000 }).toBe(6)
  }, 120_000)

  it('stops within its deadline while a hand-over hangs, and gives the work back', async () => {
    const plan = planOf(1)
    await send(plan, eventsOf(10))
    const stuck = keeping(() => new Promise(() => undefined))
    const source = sourceOf(broker.brokers, plan, stuck.handle, { stopDeadlineMs: 1_000 })
    await source.start()
    await expect.poll(() => source.health().buffered_bytes, waiting).toBeGreaterThan(0)
    await source.stop()
    const kept = keeping()
    await open(plan, kept)
    await expect.poll(() => kept.events().size, waiting).toBe(10)
  })

  it('reads nothing more and says so when the handler has a fault of its own', async () => {
    const plan = planOf(1)
    await send(plan, eventsOf(10))
    const faults: unknown[] = []
    const fault = new TypeError('a bug')
    const source = await open(
      plan,
      keeping(() => Promise.reject(fault)),
      { onFault: (error) => faults.push(error) },
    )
    await expect.poll(() => faults, waiting).toEqual([fault])
    expect(source.health().state).toBe('failed')
    expect(await committedOf(broker.brokers, plan)).toBe(0)
  })
})
