import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import type { DeadLetter } from '../../../schemas/dead-letter.ts'
import { createRemoteStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { readEngineCard } from '../../../services/store/clickhouse/engine/engine-files.ts'
import { eventRow, keyOf } from '../../support/classified-event.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'

describe.skipIf(!hasEngine())('what the store keeps besides events', () => {
  let test: TestStore
  beforeAll(async () => {
    test = await createTestStore()
  })
  afterAll(async () => {
    await test.remove()
    await stopTestEngine()
  })
  const sql = async <T>(query: string, tenant?: string): Promise<T[]> => {
    let text = ''
    for await (const chunk of await test.store.runSql(query, 'ndjson', tenant)) text += Buffer.from(chunk).toString()
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T)
  }

  it('counts a dead letter once a sighting, however often it is written', async () => {
    const first = { letter: letter('a', { received_at: '2026-11-02T10:00:00.000Z' }), sighting: 'run-1' }
    const second = {
      letter: letter('a', { received_at: '2026-11-03T10:00:00.000Z', origin: 'other.json@0', shipper: null }),
      sighting: 'run-2',
    }
    await test.store.insertDeadLetters([first, second, { letter: letter('b'), sighting: 'run-1' }])
    await test.store.insertDeadLetters([first, first, second])
    await test.store.insertDeadLetters([])
    const rows = await sql('SELECT * FROM dead_letters ORDER BY seen DESC')
    expect(rows).toHaveLength(2)
    const { received_at: _, ...shown } = second.letter
    expect(rows[0]).toMatchObject({
      ...shown,
      length: String(shown.length),
      first_seen: '2026-11-02T10:00:00.0000000Z',
      last_seen: '2026-11-03T10:00:00.0000000Z',
      seen: '2',
    })
    expect(rows[1]).toMatchObject({ dead_letter_key: keyOf('b'), seen: '1' })
  })

  it('keeps many large dead letters', async () => {
    const bytes = Buffer.alloc(64 * 1024, 7).toString('base64')
    const letters = Array.from({ length: 200 }, (_, index) => ({
      letter: letter(`large ${index}`, { tenant: 'large', bytes }),
      sighting: 's',
    }))
    await test.store.insertDeadLetters(letters)
    expect(await sql('SELECT count() AS n, min(length(bytes)) AS shortest FROM dead_letters', 'large')).toEqual([
      { n: '200', shortest: String(bytes.length) },
    ])
  })

  it('publishes a catalog version once and shows the newest', async () => {
    const catalog = loadCatalog()
    await Promise.all([test.store.publishCatalog(catalog), test.store.publishCatalog(catalog)])
    await test.store.publishCatalog(catalog)
    const counts =
      'SELECT (SELECT toUInt32(count()) FROM catalog) AS entries, (SELECT toUInt32(count()) FROM codes) AS codes'
    expect(await sql(counts)).toEqual([{ entries: catalog.entries.size, codes: catalog.codes.size }])
    const newer = { ...catalog, version: catalog.version + 1, entries: new Map([...catalog.entries].slice(0, 3)) }
    await test.store.publishCatalog(newer)
    await test.store.publishCatalog(catalog)
    expect(await sql(counts)).toEqual([{ entries: 3, codes: catalog.codes.size }])
    expect(await sql(`SELECT title FROM catalog WHERE entry = '${[...newer.entries.keys()][0] ?? ''}'`)).toEqual([
      { title: [...newer.entries.values()][0]?.title },
    ])
  })

  it('hides what lies below the retention floor from every reader and drops whole months', async () => {
    const at = (time: string) => eventRow(time, { tenant: 'old', occurred_at: time })
    const rows = [
      '2026-08-15T00:00:00.0000000Z',
      '2026-10-09T23:59:59.0000000Z',
      '2026-10-10T00:00:00.0000000Z',
      '2026-11-01T00:00:00.0000000Z',
    ].map(at)
    await test.store.insertEvents(rows)
    const now = new Date('2026-11-09T00:00:00Z')
    await test.store.applyRetention(30, now)
    await test.store.applyRetention(30, now)
    const all = { tenant: 'old', filters: [], from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' }
    const page = await test.store.events({ ...all, limit: 10 })
    expect(page.events.map(({ event_key }) => event_key)).toEqual([rows[3]!.event_key, rows[2]!.event_key])
    expect((await test.store.trend({ ...all, measure: 'events', interval: '1d', groupBy: [] })).total).toBe(2)
    expect(await test.store.event('old', rows[1]!.event_key)).toBeUndefined()
    expect(await sql('SELECT count() AS n FROM events', 'old')).toEqual([{ n: '2' }])
    expect(await sql('SELECT sum(events) AS n FROM trends_hourly', 'old')).toEqual([{ n: '2' }])
    await test.store.applyRetention(undefined, now)
    // October had rows above the floor, so it stayed; August is gone.
    expect((await test.store.events({ ...all, limit: 10 })).events).toHaveLength(3)
    await expect(test.store.applyRetention(0, now)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
  })

  it('is the same store over the address of a server', async () => {
    const card = (await readEngineCard(test.dataDir))!
    const address = { url: `http://127.0.0.1:${card.httpPort}`, database: test.database }
    const remote = createRemoteStore({ ...address, username: 'admin', password: card.adminPassword })
    await remote.open()
    expect(await remote.insertEvents([eventRow('remote', { tenant: 'remote' })])).toEqual([true])
    expect(await test.store.event('remote', keyOf('remote'))).toBeDefined()
    await expect(remote.runSql('SELECT 1', 'csv')).rejects.toMatchObject({ code: 'QUERY_REFUSED' })
    await remote.close()
    const stranger = createRemoteStore({ ...address, username: 'admin', password: 'wrong' })
    await expect(stranger.open()).rejects.toMatchObject({ code: 'STORE_REFUSED', retryable: false })
    await stranger.close()
    const nobody = createRemoteStore({ url: 'http://127.0.0.1:1', username: 'a', password: 'b' })
    await expect(nobody.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
    await nobody.close()
  })
})

function letter(name: string, change: Partial<DeadLetter> = {}): DeadLetter {
  return {
    dead_letter_key: keyOf(name),
    tenant: 'default',
    source_kind: 'file',
    reason: 'not_json',
    detail: `it's "not" JSON \u0000`,
    origin: 'logs/pc7.json@1024',
    bytes: 'AAEC',
    length: 3,
    shipper: 'winlogbeat',
    received_at: '2026-11-02T10:00:00.000Z',
    ...change,
  }
}
