/** What ClickHouse may refuse for a time, with a real broker before it: events wait in Kafka, none is lost, doubled or made a dead letter. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../../schemas/catalog/load-rules.ts'
import { createHandleBatch } from '../../../services/processor/handle-batch.ts'
import { createPipeline } from '../../../services/processor/pipeline.ts'
import { createStorePart } from '../../../services/separate/store-part.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { batchOf, committedOf, eventsOf, planOf, silent, sinkOf, sourceOf } from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const waiting = { timeout: 30_000, interval: 50 }
const catalog = loadCatalog()

describe.skipIf(noBroker !== undefined || !hasEngine())('events that ClickHouse does not take for now', () => {
  let broker: Broker
  let test: TestStore
  const opened: { stop(): Promise<void> }[] = []
  beforeAll(async () => {
    ;[broker, test] = await Promise.all([startBroker(), createTestStore()])
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((part) => part.stop()))
  })
  afterAll(async () => {
    await Promise.all([broker.stop(), test.remove()])
    await stopTestEngine()
  })
  const sql = (query: string) => test.admin.command({ query })
  const table = () => `${test.database}._events`

  async function stored(tenant: string) {
    const query = `SELECT toUInt32(count()) AS n, toUInt32(uniqExact(event_key)) AS keys FROM ${table()} FINAL WHERE tenant = '${tenant}'`
    const result = await test.admin.query({ query, format: 'JSONEachRow' })
    return (await result.json<{ n: number; keys: number }>())[0]
  }

  it.each([
    {
      what: 'read-only tables',
      tenant: 'read-only',
      refuse: () => [`ALTER TABLE ${table()} MODIFY SETTING table_readonly = 1`],
      mend: () => [`ALTER TABLE ${table()} MODIFY SETTING table_readonly = 0`],
      code: 'STORE_REFUSED',
    },
    {
      what: 'too many parts',
      tenant: 'parts',
      refuse: () => [
        `SYSTEM STOP MERGES ${table()}`,
        `ALTER TABLE ${table()} MODIFY SETTING parts_to_throw_insert = 1`,
      ],
      mend: () => [`ALTER TABLE ${table()} RESET SETTING parts_to_throw_insert`, `SYSTEM START MERGES ${table()}`],
      code: 'STORE_UNAVAILABLE',
    },
    {
      what: 'a table that is gone',
      tenant: 'gone',
      refuse: () => [`RENAME TABLE ${table()} TO ${table()}_aside`],
      mend: () => [`RENAME TABLE ${table()}_aside TO ${table()}`],
      code: 'STORE_REFUSED',
    },
  ])('wait in Kafka and are stored once when it is mended: $what', async ({ tenant, refuse, mend, code }) => {
    const plan = planOf(2)
    const pipeline = createPipeline({ catalog, rules: loadRules(), now: () => new Date('2026-11-24T09:00:00Z') })
    const source = sourceOf(broker.brokers, plan, createHandleBatch({ pipeline, store: test.store }))
    const sink = sinkOf(broker.brokers, plan)
    opened.push(source, sink)
    await sink.start()
    await source.start()
    await sink.send(batchOf(eventsOf(20), { tenant }))
    await expect.poll(() => stored(tenant), waiting).toEqual({ n: 20, keys: 20 })
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(20)
    for (const statement of refuse()) await sql(statement)
    await sink.send(batchOf(eventsOf(300, { from: 1000 }), { tenant }))
    await expect.poll(() => source.health(), waiting).toMatchObject({ state: 'blocked', error: { code } })
    expect(await committedOf(broker.brokers, plan)).toBe(20)
    for (const statement of mend()) await sql(statement)
    await expect.poll(() => stored(tenant), waiting).toEqual({ n: 320, keys: 320 })
    await expect.poll(() => committedOf(broker.brokers, plan), waiting).toBe(320)
    await expect.poll(() => source.health(), waiting).toMatchObject({ state: 'reading', error: null })
    expect((await test.store.deadLetters({ tenant, limit: 10 })).dead_letters).toEqual([])
  })

  it('are not touched by a service that is older than the database: it ends at once, and says so', async () => {
    await sql(`INSERT INTO ${test.database}._migrations (number, name, checksum) VALUES (9999, '9999-later.sql', 'x')`)
    const { part } = createStorePart(test.store, { catalog, log: silent })
    await expect(part.start()).rejects.toMatchObject({
      code: 'SCHEMA_AHEAD',
      message: expect.stringContaining('9999-later.sql') as string,
    })
  })
})
