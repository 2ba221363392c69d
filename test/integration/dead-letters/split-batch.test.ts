import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadRules } from '../../../schemas/catalog/load-rules.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { createHandleBatch } from '../../../services/processor/handle-batch.ts'
import { createPipeline } from '../../../services/processor/pipeline.ts'
import { createRemoteStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { readEngineCard } from '../../../services/store/clickhouse/engine/engine-files.ts'
import type { EventWriter } from '../../../services/store/event-store.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import { unpacked } from '../../support/unpacked-rows.ts'
import { anEvent } from '../../unit/services/processor/an-event.ts'
import { CATALOG, theLetter } from './a-desk.ts'

const NOW = new Date('2026-11-24T00:00:00Z')
const pipeline = createPipeline({ catalog: CATALOG, rules: loadRules(), now: () => NOW })

/** The store of this test refuses every row of the device `bad`, whatever else is in the insert. */
describe.skipIf(!hasEngine())('a batch with a row that ClickHouse refuses', () => {
  let test: TestStore
  beforeAll(async () => {
    test = await createTestStore()
    await test.admin.command({
      query: `ALTER TABLE ${test.database}._events ADD CONSTRAINT no_bad CHECK NOT startsWith(device, 'bad')`,
    })
  })
  afterAll(async () => {
    await test?.remove()
    await stopTestEngine()
  })

  const good = (id: number): WindowsEvent => anEvent({ record_id: String(id) })
  const bad = (id: number): WindowsEvent => anEvent({ record_id: String(id), computer: `bad${id}.contoso.example` })
  const batchOf = (tenant: string, events: readonly WindowsEvent[], batchId = `${tenant}-1`) => ({
    tenant,
    events,
    deadLetters: [],
    dropped: 0,
    batchId,
  })
  const storedOf = async (tenant: string): Promise<number> => {
    const range = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' }
    const query = { tenant, measure: 'events', interval: '1d', groupBy: [], filters: [] } as const
    return (await test.store.trend({ ...query, ...range })).total
  }

  it('stores the good rows and keeps the bad one as a dead letter, in few inserts', async () => {
    const tenant = 'one-bad'
    let inserts = 0
    const store: EventWriter = {
      ...test.store,
      ...unpacked((rows) => {
        inserts++
        return test.store.insertEvents(rows)
      }),
    }
    const handle = createHandleBatch({ pipeline, store, sourceKind: 'kafka', now: () => NOW })
    const events = Array.from({ length: 1000 }, (_, id) => (id === 637 ? bad(id) : good(id)))
    const unreadable = anEvent({ occurred_at: '1601-01-01T00:00:00Z' })
    const [receipt] = await handle([batchOf(tenant, [unreadable, ...events])])
    expect(receipt).toEqual({
      received: 1001,
      accepted: 999,
      dead_lettered: 2,
      dropped: 0,
      stored: 999,
      duplicates: 0,
    })
    expect(inserts).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1000)) + 1)
    expect(await storedOf(tenant)).toBe(999)
    const { dead_letters: letters } = await test.store.deadLetters({ tenant, reasons: ['store_refused'], limit: 10 })
    expect(letters).toMatchObject([
      {
        source_kind: 'kafka',
        origin: `${tenant}-1#638`,
        shipper: 'event_xml',
        seen: 1,
        last_seen: '2026-11-24T00:00:00.0000000Z',
      },
    ])
    expect(letters[0]?.detail).toMatch(/no_bad/)
    const [letter] = await test.store.deadLettersByKey(tenant, [letters[0]?.dead_letter_key ?? ''])
    expect(JSON.parse(Buffer.from(letter?.bytes ?? '', 'base64').toString())).toEqual(bad(637))
  })

  it('gives every batch of one call its own counts, and repeats change nothing', async () => {
    const handle = createHandleBatch({ pipeline, store: test.store, now: () => NOW })
    const batches = [
      batchOf('several', [good(1), bad(2), good(1), bad(3)]),
      batchOf('several', [good(4)], 'several-2'),
      batchOf('several-b', [bad(5)]),
    ]
    const dropped = 0
    expect(await handle(batches)).toEqual([
      { received: 4, accepted: 2, dead_lettered: 2, dropped, stored: 1, duplicates: 1 },
      { received: 1, accepted: 1, dead_lettered: 0, dropped, stored: 1, duplicates: 0 },
      { received: 1, accepted: 0, dead_lettered: 1, dropped, stored: 0, duplicates: 0 },
    ])
    await handle(batches)
    expect(await storedOf('several')).toBe(2)
    expect(await theLetter(test.store, 'several-b')).toMatchObject({ reason: 'store_refused', seen: 1 })
    const { dead_letters: letters } = await test.store.deadLetters({ tenant: 'several', limit: 10 })
    expect(letters.map(({ seen }) => seen)).toEqual([1, 1])
  })

  it('makes no dead letters when it is not the row: no right to insert, or no answer', async () => {
    const card = (await readEngineCard(test.dataDir))!
    const address = { url: `http://127.0.0.1:${card.httpPort}`, database: test.database }
    const strangers = [
      createRemoteStore({ ...address, username: 'analyst', password: card.analystPassword }),
      createRemoteStore({ url: 'http://127.0.0.1:1', username: 'a', password: 'b', database: test.database }),
    ]
    const codes = ['STORE_REFUSED', 'STORE_UNAVAILABLE']
    for (const [index, stranger] of strangers.entries()) {
      let inserts = 0
      const store: EventWriter = {
        ...test.store,
        ...unpacked((rows) => {
          inserts++
          return stranger.insertEvents(rows)
        }),
      }
      const handle = createHandleBatch({ pipeline, store })
      const answer = handle([batchOf('innocent', [good(1), good(2), bad(3)])])
      await expect(answer).rejects.toMatchObject({ code: codes[index], name: 'AppError' })
      expect(inserts).toBe(1)
      await stranger.close()
    }
    expect((await test.store.deadLetters({ tenant: 'innocent', limit: 10 })).dead_letters).toEqual([])
  })
})
