import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadRules } from '../../../schemas/catalog/load-rules.ts'
import { createHandleBatch } from '../../../services/processor/handle-batch.ts'
import { createPipeline } from '../../../services/processor/pipeline.ts'
import { createDecodeBytes } from '../../../services/processor/steps/decode-bytes.ts'
import { AppError } from '../../../services/runtime/errors.ts'
import type { EventWriter } from '../../../services/store/event-store.ts'
import type { KafkaSink } from '../../../services/transport/kafka/kafka-sink.ts'
import type { RecordConsumer } from '../../../services/transport/kafka/record-consumer.ts'
import type { BatchHandler } from '../../../services/transport/transport.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { planOf, sinkOf, sourceOf } from '../kafka/kafka-parts.ts'
import { CATALOG, collect, deskOf, theLetter, zoneless } from './a-desk.ts'

const noBroker = await whyNoBroker()
const waiting = { timeout: 30_000, interval: 100 }
const pipeline = createPipeline({
  catalog: CATALOG,
  rules: loadRules(),
  now: () => new Date(),
  decodeBytes: createDecodeBytes(),
})

describe.skipIf(noBroker !== undefined || !hasEngine())('replaying dead letters over Kafka', () => {
  const plan = planOf(3)
  let broker: Broker
  let test: TestStore
  let sink: KafkaSink
  let processor: RecordConsumer | undefined
  beforeAll(async () => {
    broker = await startBroker()
    test = await createTestStore()
    sink = sinkOf(broker.brokers, plan)
    await sink.start()
  })
  afterAll(async () => {
    await processor?.stop()
    await sink?.stop()
    await test?.remove()
    await broker?.stop()
    await stopTestEngine()
  })

  async function startProcessor(store: EventWriter, before: BatchHandler = () => Promise.resolve([])): Promise<void> {
    const handle = createHandleBatch({ pipeline, store, sourceKind: 'kafka' })
    processor = sourceOf(broker.brokers, plan, async (batches) => {
      await before(batches)
      return handle(batches)
    })
    await processor.start()
  }
  const desk = () => deskOf(test.store, sink, { time_zone: 'UTC' })
  const stateOf = async (tenant: string) => (await theLetter(test.store, tenant)).state
  const eventsOf = async (tenant: string) => (await test.store.events({ tenant, filters: [], limit: 10 })).events

  it('leaves the letter open while its event is only in the queue, and closes it once its row is stored', async () => {
    const tenant = 'queued'
    await startProcessor(test.store)
    await collect(sink, zoneless(1), { tenant })
    await expect
      .poll(async () => (await test.store.deadLetters({ tenant, limit: 2 })).dead_letters.length, waiting)
      .toBe(1)
    await processor?.stop()
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    expect(await desk().replay(tenant, key, 'ada')).toMatchObject({ outcome: 'queued', events: 1, stored: 0 })
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', attempts: 0 })
    await startProcessor(test.store)
    await expect.poll(() => stateOf(tenant), waiting).toBe('replayed')
    expect(await theLetter(test.store, tenant)).toMatchObject({ closed_by: 'ada', attempts: 1, seen: 1 })
    expect(await eventsOf(tenant)).toMatchObject([{ event_id: 1098, occurred_at: '2026-11-02T08:00:00.1234567Z' }])
    expect(await desk().replay(tenant, key, 'bob')).toMatchObject({ outcome: 'queued' })
    await expect.poll(async () => (await theLetter(test.store, tenant)).attempts, waiting).toBe(2)
    expect(await eventsOf(tenant)).toHaveLength(1)
    await processor?.stop()
  })

  it('closes it once, when the processor dies between the row and the closing', async () => {
    const tenant = 'dying'
    await startProcessor(test.store)
    await collect(sink, zoneless(2), { tenant })
    await expect
      .poll(async () => (await test.store.deadLetters({ tenant, limit: 2 })).dead_letters.length, waiting)
      .toBe(1)
    await processor?.stop()
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    let failures = 0
    await startProcessor({
      ...test.store,
      insertDeadLetterActions(actions) {
        if (failures++ < 2) return Promise.reject(new AppError('STORE_UNAVAILABLE', 'killed', { retryable: true }))
        return test.store.insertDeadLetterActions(actions)
      },
    })
    await desk().replay(tenant, key, 'ada')
    await expect.poll(() => stateOf(tenant), waiting).toBe('replayed')
    expect(failures).toBe(3)
    expect(await theLetter(test.store, tenant)).toMatchObject({ attempts: 1 })
    expect(await eventsOf(tenant)).toHaveLength(1)
    await processor?.stop()
  })

  it('says that an event is too large for its topic, and leaves the letter open', async () => {
    const tenant = 'large'
    await startProcessor(test.store)
    // Random enough that no codec brings it under the topic's 1 MiB, and no word long enough to be a secret.
    const noise = Array.from({ length: 300_000 }, () => Math.random().toString(36).slice(2, 10)).join(' ')
    await collect(sink, zoneless(3).replace('"Error":', `"Noise":"${noise}","Error":`), { tenant })
    await expect
      .poll(async () => (await test.store.deadLetters({ tenant, limit: 2 })).dead_letters.length, waiting)
      .toBe(1)
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    expect(await desk().replay(tenant, key, 'ada')).toMatchObject({ outcome: 'failed', reason: 'too_large_for_topic' })
    // No second letter of the same record.
    expect(await theLetter(test.store, tenant)).toMatchObject({
      dead_letter_key: key,
      state: 'open',
      attempts: 1,
      attempt_reason: 'too_large_for_topic',
    })
  })
})
