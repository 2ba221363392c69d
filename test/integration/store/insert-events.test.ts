import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { createEmbeddedStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { eventRow, keyOf } from '../../support/classified-event.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import { createRandom } from '../../support/seeded-random.ts'

describe.skipIf(!hasEngine())('insertEvents', () => {
  let test: TestStore
  beforeAll(async () => {
    test = await createTestStore()
  })
  afterAll(async () => {
    await test.remove()
    await stopTestEngine()
  })
  const read = (name: string | number) => test.store.event('default', keyOf(name))

  it('gives back every field as it was', async () => {
    const row: ClassifiedEvent = {
      ...eventRow('every field'),
      device_id: '00000000-0000-0000-0000-000000000001',
      record_id: '18446744073709551615',
      revision: '18446744073709551615',
      process_id: 4294967295,
      thread_id: 4294967295,
      event_id: 65535,
      version: 255,
      level: 255,
      task: 65535,
      opcode: 255,
      aadsts: 9999999,
      codes: ['0xCAA5001C', '0xC000006D'],
      symbol: 'SYMBOL',
      collection: 'Themes',
      duration_ms: 1234.5678,
      incident_id: 'incident',
      correlation_id: '5b1d3f6e-0000-4000-8000-000000000002',
      fingerprint: 'f'.repeat(5000),
      os_build: 22631,
      os_ubr: 4460,
      join_type: 'entra-joined',
      catalog_version: 65535,
      confidence: 0.85,
      candidates: [
        { entry: 'a', confidence: 0.85, missing: [] },
        { entry: 'b', confidence: 0.1, missing: ['device-inventory', 'user-directory'] },
      ],
      message: `zwölf €uro 😀 ${'x'.repeat(100_000)} \u0000 end`,
      data: { '': 'no name', empty: '', 'name#2': "it's", __proto__x: '\\', param1: '\t\r\n', ключ: '値' },
    }
    expect(await test.store.insertEvents([row])).toEqual([true])
    const stored = await read('every field')
    expect(stored).toEqual({ ...row, stored_at: stored?.stored_at })
    expect(Date.parse(stored?.stored_at ?? '')).toBeGreaterThan(Date.now() - 60_000)
  })

  it('keeps null apart from empty text and zero', async () => {
    const nulls = Object.fromEntries(NULLABLE.map((name) => [name, null]))
    const bare = { ...eventRow('nulls', nulls), data: {}, codes: [], candidates: [] }
    const empty = eventRow('empties', {
      channel: '',
      provider: '',
      user: '',
      message: '',
      record_id: '0',
      level: 0,
      duration_ms: 0,
    })
    await test.store.insertEvents([bare, empty])
    expect(await read('nulls')).toMatchObject({ ...nulls, data: {}, codes: [], candidates: [] })
    expect(await read('empties')).toMatchObject({
      channel: '',
      user: '',
      message: '',
      record_id: '0',
      level: 0,
      duration_ms: 0,
    })
  })

  it('replaces a lone surrogate, which UTF-8 cannot hold, by the replacement character', async () => {
    await test.store.insertEvents([eventRow('surrogate', { message: 'a\ud800b', data: { '\udfff': '\ud83d' } })])
    expect(await read('surrogate')).toMatchObject({ message: 'a\ufffdb', data: { '\ufffd': '\ufffd' } })
  })

  it.each(['1990-01-01T00:00:00.0000000Z', '2106-02-07T06:28:15.9999999Z', '2024-02-29T23:59:59.9999999Z'])(
    'keeps the time %s',
    async (time) => {
      await test.store.insertEvents([eventRow(time, { occurred_at: time, collected_at: time })])
      expect(await read(time)).toMatchObject({ occurred_at: time, collected_at: time })
      const page = await test.store.events({
        tenant: 'default',
        from: time,
        filters: [{ column: 'event_key', values: [keyOf(time)], not: false }],
        limit: 1,
      })
      expect(page.events.map(({ event_key }) => event_key)).toEqual([keyOf(time)])
    },
  )

  it('refuses a time that cannot be kept, and writes nothing of the batch', async () => {
    const rows = [eventRow('beside 2107'), eventRow('2107', { occurred_at: '2107-01-01T00:00:00.0000000Z' })]
    await expect(test.store.insertEvents(rows)).rejects.toMatchObject({ code: 'STORE_REFUSED', retryable: false })
    await expect(
      test.store.insertEvents([eventRow('2^64', { record_id: '18446744073709551616' })]),
    ).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    expect(await read('beside 2107')).toBeUndefined()
    expect(await test.store.insertEvents([eventRow('beside 2107')])).toEqual([true])
  })

  it('says which keys were new: not stored before, not earlier in the batch', async () => {
    expect(await test.store.insertEvents([eventRow('n1'), eventRow('n2'), eventRow('n1')])).toEqual([true, true, false])
    expect(await test.store.insertEvents([eventRow('n2'), eventRow('n3'), eventRow('n3')])).toEqual([
      false,
      true,
      false,
    ])
    expect(await test.store.insertEvents([])).toEqual([])
  })

  it('finds each key new exactly once when calls overlap', async () => {
    const calls = Array.from({ length: 8 }, (_, call) =>
      Array.from({ length: 200 }, (_, index) => eventRow(`overlap ${(call * 37 + index) % 300}`)),
    )
    const answers = await Promise.all(calls.map((rows) => test.store.insertEvents(rows)))
    const news = answers.flatMap((answer, call) =>
      answer.flatMap((isNew, index) => (isNew ? [calls[call]![index]!.event_key] : [])),
    )
    expect(news).toHaveLength(new Set(news).size)
    expect(new Set(news)).toEqual(new Set(calls.flat().map((row) => row.event_key)))
  })

  it('shows the copy with the highest revision, whatever the order of arrival', async () => {
    const copy = (revision: string) => eventRow('richer', { revision, message: `revision ${revision}` })
    await test.store.insertEvents([copy('9007199254740993')])
    await test.store.insertEvents([copy('9007199254740992'), copy('12')])
    expect(await read('richer')).toMatchObject({ message: 'revision 9007199254740993' })
    expect(await test.store.insertEvents([copy('9007199254740995'), copy('9007199254740994')])).toEqual([false, false])
    expect(await read('richer')).toMatchObject({ message: 'revision 9007199254740995' })
    expect(await count('richer')).toBe(1)
  })

  it('writes nothing for a repeat that is no better', async () => {
    await test.store.insertEvents([eventRow('repeat', { revision: '7' })])
    await test.store.insertEvents([eventRow('repeat', { revision: '7' }), eventRow('repeat', { revision: '6' })])
    expect(await count('repeat', false)).toBe(1)
  })

  it('splits a batch that spans more than a hundred months', async () => {
    const rows = Array.from({ length: 260 }, (_, month) => {
      const time = `${1990 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-15T00:00:00.0000000Z`
      return eventRow(`month ${month}`, { tenant: 'months', occurred_at: time })
    })
    expect(await test.store.insertEvents(rows)).toEqual(rows.map(() => true))
    expect(await test.store.insertEvents(rows)).toEqual(rows.map(() => false))
    const trend = await test.store.trend({
      tenant: 'months',
      measure: 'events',
      interval: '1w',
      from: '1990-01-01T00:00:00Z',
      to: '2012-01-01T00:00:00Z',
      groupBy: [],
      filters: [],
    })
    expect(trend.total).toBe(260)
  })

  it('splits a batch of more than a hundred tenants', async () => {
    const rows = Array.from({ length: 150 }, (_, tenant) =>
      eventRow(`of tenant ${tenant}`, { tenant: `tenant-${tenant}` }),
    )
    expect(await test.store.insertEvents(rows)).toEqual(rows.map(() => true))
  })

  it('gives one row per key when two processes write the same rows at once', async () => {
    const other = createEmbeddedStore({ dataDir: test.dataDir, database: test.database })
    await other.open()
    const random = createRandom(7)
    const rows = Array.from({ length: 500 }, (_, index) =>
      eventRow(`two writers ${index}`, { tenant: 'two', revision: String(index) }),
    )
    const shuffled = rows.toSorted(() => random() - 0.5)
    await Promise.all([test.store.insertEvents(rows), other.insertEvents(shuffled)])
    await other.close()
    const page = await test.store.events({ tenant: 'two', filters: [], limit: 1000 })
    expect(page.events.map(({ event_key }) => event_key).sort()).toEqual(rows.map(({ event_key }) => event_key).sort())
    expect(await test.store.insertEvents(rows)).toEqual(rows.map(() => false))
  })

  async function count(name: string, final = true): Promise<number> {
    const result = await test.admin.query({
      query: `SELECT toUInt32(count()) AS n FROM _events ${final ? 'FINAL' : ''} WHERE event_key = unhex({key: String})`,
      query_params: { key: keyOf(name) },
      format: 'JSONEachRow',
    })
    return (await result.json<{ n: number }>())[0]?.n ?? -1
  }
})

const NULLABLE = [
  'device_id',
  'channel',
  'provider',
  'version',
  'level',
  'task',
  'opcode',
  'keywords',
  'record_id',
  'collected_at',
  'user_sid',
  'user',
  'process_id',
  'thread_id',
  'activity_id',
  'message',
  'code',
  'aadsts',
  'symbol',
  'category',
  'transient',
  'entry',
  'rule',
  'collection',
  'duration_ms',
  'incident_id',
  'correlation_id',
  'fingerprint',
  'os_build',
  'os_ubr',
  'join_type',
] as const
