/**
 * The cluster variant, as far as one machine without replicas can show it: every statement of every migration, rendered for a cluster, is
 * read by the real engine; and two real servers as two shards hold the rows, replace copies and answer as one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeadLetter } from '../../../schemas/dead-letter.ts'
import { type ClickHouseStore, createRemoteStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { DATABASE, MIGRATIONS_TABLE, readMigrations } from '../../../services/store/clickhouse/migrate.ts'
import { renderMigration, renderStatement } from '../../../services/store/clickhouse/render-statements.ts'
import { eventRow, keyOf } from '../../support/classified-event.ts'
import { hasEngine } from '../../support/clickhouse.ts'
import { askServer } from './server.ts'
import { CLUSTER, SHARD_PASSWORD, startTwoShards, type TwoShards } from './two-shards.ts'

const TESTER = { user: 'tester', password: '' }

async function clusterStatements(): Promise<readonly string[]> {
  const migrations = await readMigrations()
  return [DATABASE, MIGRATIONS_TABLE]
    .flatMap((template) => renderStatement(template, CLUSTER))
    .concat(migrations.flatMap(({ template }) => renderMigration(template, CLUSTER)))
}

describe.skipIf(!hasEngine())('two servers as two shards', () => {
  let { servers, stores, stop }: TwoShards = { servers: [], stores: [], stop: () => Promise.resolve() }
  const [first, second] = [() => servers[0]!.url, () => servers[1]!.url]

  beforeAll(async () => {
    ;({ servers, stores, stop } = await startTwoShards())
  })
  afterAll(() => stop())
  const writer = () => ({ user: 'roamwatch_writer', password: servers[0]!.writerPassword })
  const count = async (url: string, table: string) => {
    const [row] = await askServer(url, `SELECT toUInt32(count()) AS n FROM roamwatch.${table}`, TESTER)
    return Number(row?.['n'])
  }
  const sql = async (store: ClickHouseStore, statement: string, tenant?: string) => {
    let text = ''
    for await (const part of await store.runSql(statement, 'ndjson', tenant)) text += Buffer.from(part).toString()
    return text.trim()
  }

  it('read every statement of every migration, as it is sent to a cluster', async () => {
    const statements = await clusterStatements()
    for (const statement of statements) {
      const tree = await askServer(first(), `EXPLAIN AST ${statement}`, TESTER)
      expect(tree.length, statement).toBeGreaterThan(0)
      expect(statement).toContain('ON CLUSTER roamwatch')
      expect(statement).not.toMatch(/\{(database|on_cluster|engine)/)
    }
    const engines = statements.flatMap((statement) => /ENGINE = (\w+)/.exec(statement)?.[1] ?? [])
    expect(new Set(engines)).toEqual(new Set(['Atomic', 'ReplicatedReplacingMergeTree', 'Distributed']))
  })

  it('run with the settings and rights of a cluster, which take the place of those of one server', async () => {
    const fsync = `SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'`
    expect(await askServer(first(), fsync, TESTER)).toEqual([{ value: '0' }])
    const [profile] = await askServer(
      first(),
      "SELECT getSetting('distributed_foreground_insert') AS foreground, toUInt32(getSetting('insert_quorum')) AS quorum",
      writer(),
    )
    expect(profile).toEqual({ foreground: true, quorum: 2 })
    await expect(askServer(first(), 'SELECT 1 SETTINGS insert_quorum = 0', writer())).rejects.toThrow('insert_quorum')
    const shard = { user: 'roamwatch_shard', password: SHARD_PASSWORD }
    for (const statement of [
      'SELECT * FROM roamwatch._events',
      'SELECT * FROM roamwatch.events',
      'DROP TABLE roamwatch._events_local',
    ])
      await expect(askServer(first(), statement, shard)).rejects.toThrow('Not enough privileges')
  })

  it('refuse who takes them for one server', async () => {
    const { writerPassword } = servers[0]!
    const unaware = createRemoteStore({ url: first(), username: 'roamwatch_writer', password: writerPassword })
    await expect(unaware.open()).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining('ROAMWATCH_CLICKHOUSE_CLUSTER') as string,
    })
    await unaware.close()
  })

  it('each hold a part of the rows, and show all of them', async () => {
    const rows = Array.from({ length: 2000 }, (_, index) => eventRow(index))
    expect(await stores[0]!.insertEvents(rows)).toEqual(rows.map(() => true))
    const parts = [await count(first(), '_events_local'), await count(second(), '_events_local')]
    expect(parts[0]! + parts[1]!).toBe(2000)
    for (const part of parts) expect(part).toBeGreaterThan(850) // an even spread: 1000 +- 22 at one standard deviation
    for (const store of stores) expect(await sql(store, 'SELECT count() AS n FROM events')).toBe('{"n":"2000"}')
  })

  it('replace a copy on the shard that holds it, whichever server it is written through', async () => {
    const better = Array.from({ length: 2000 }, (_, index) =>
      eventRow(index, { revision: '999999999999', user: 'CONTOSO\\grace', device: `renamed-${index}` }),
    )
    expect(await stores[1]!.insertEvents(better)).toEqual(better.map(() => false))
    expect(await stores[0]!.insertEvents(better)).toEqual(better.map(() => false))
    for (const store of stores) {
      expect(await sql(store, "SELECT count() AS n, countIf(user = 'CONTOSO\\\\grace') AS g FROM events")).toBe(
        '{"n":"2000","g":"2000"}',
      )
      expect(await sql(store, 'SELECT sum(events) AS n FROM trends_hourly')).toBe('{"n":"2000"}')
    }
    const onBoth = await askServer(
      first(),
      `SELECT toUInt32(count()) AS n FROM (SELECT event_key FROM roamwatch._events GROUP BY event_key HAVING uniqExact(_shard_num) > 1)`,
      TESTER,
    )
    expect(onBoth).toEqual([{ n: 0 }])
  })

  it('count distinct devices once, though their events lie on both', async () => {
    const rows = Array.from({ length: 300 }, (_, index) =>
      eventRow(`device-${index}`, { event_key: keyOf(`device-${index}`), tenant: 'wide', device: `pc-${index % 3}` }),
    )
    await stores[1]!.insertEvents(rows)
    for (const store of stores)
      expect(await sql(store, 'SELECT uniqExact(device) AS n FROM events', 'wide')).toBe('{"n":"3"}')
  })

  it('answer ad-hoc SQL with a subquery where it is global, and refuse it otherwise', async () => {
    const ofOne = (verb: string) =>
      `SELECT count() AS n FROM events WHERE device ${verb} (SELECT device FROM events ORDER BY device LIMIT 1)`
    for (const store of stores) {
      expect(await sql(store, ofOne('GLOBAL IN'), 'wide')).toBe('{"n":"100"}')
      await expect(sql(store, ofOne('IN'), 'wide')).rejects.toMatchObject({ code: 'QUERY_REFUSED' })
    }
  })

  it('count the sightings of a dead letter together, wherever they were written', async () => {
    const letters = Array.from({ length: 20 }, (_, index) => deadLetter(`letter-${index}`))
    await stores[0]!.insertDeadLetters(letters.map((letter) => ({ letter, sighting: 'first' })))
    await stores[1]!.insertDeadLetters(letters.map((letter) => ({ letter, sighting: 'second' })))
    await stores[1]!.insertDeadLetters(letters.map((letter) => ({ letter, sighting: 'first' })))
    for (const store of stores)
      expect(await sql(store, 'SELECT count() AS n, min(seen) AS least, max(seen) AS most FROM dead_letters')).toBe(
        '{"n":"20","least":"2","most":"2"}',
      )
    expect(await count(first(), '_dead_letters_local')).toBeLessThan(60)
    expect(await count(second(), '_dead_letters_local')).toBeGreaterThan(0)
  })

  it('count a key that comes again as one that is stored, whichever server it comes through', async () => {
    const rows = ['twice', 'once', 'twice'].map((name) => eventRow(`again ${name}`, { tenant: 'again' }))
    expect(await stores[0]!.insertEvents(rows)).toEqual([true, true, false])
    expect(await stores[1]!.insertEvents(rows)).toEqual([false, false, false])
  })

  it('answer trends alike, equal to the rows, with every measure and grouping', async () => {
    const range = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' }
    const rows = Array.from({ length: 400 }, (_, index) =>
      eventRow(`trend-${index}`, {
        tenant: 'trend',
        device: `pc-${index % 7}`,
        user_sid: `S-1-5-21-${index % 11}`,
        event_id: index % 2 === 0 ? 6065 : 1098,
      }),
    )
    await stores[0]!.insertEvents(rows.slice(0, 250))
    await stores[1]!.insertEvents(rows.slice(200))
    const totals = { events: 400, devices: 7, users: 11 }
    for (const store of stores) {
      for (const [measure, total] of Object.entries(totals) as [keyof typeof totals, number][]) {
        const question = { tenant: 'trend', measure, interval: '1d', filters: [], ...range } as const
        expect((await store.trend({ ...question, groupBy: [] })).total).toBe(total)
        const grouped = await store.trend({ ...question, groupBy: ['event_id'] })
        expect(grouped.series.map(({ total: part }) => part)).toEqual(
          measure === 'events' ? [200, 200] : [total, total],
        )
      }
      const page = await store.events({ tenant: 'trend', filters: [], limit: 1000, ...range })
      expect(new Set(page.events.map(({ event_key: key }) => key)).size).toBe(400)
    }
  })

  it('know alike what was done about a dead letter', async () => {
    const letter = deadLetter('acted upon')
    await stores[0]!.insertDeadLetters([{ letter, sighting: 'first' }])
    const action = {
      dead_letter_key: letter.dead_letter_key,
      tenant: 'default',
      attempt: 'attempt-1',
      part: 0,
      parts: 1,
      covers: 1,
      requested_by: 'ada',
      requested_at: '2026-11-03T10:00:00.000Z',
      version: '1.0.0',
      reason: '',
      detail: '',
    } as const
    await stores[1]!.insertDeadLetterActions([{ ...action, action: 'stored' }])
    for (const store of stores) {
      const states = async () =>
        (await store.deadLettersByKey('default', [letter.dead_letter_key])).map(({ state }) => state)
      expect(await states()).toEqual(['replayed'])
    }
    await stores[0]!.insertDeadLetters([{ letter, sighting: 'second' }])
    for (const store of stores)
      expect(await store.deadLettersByKey('default', [letter.dead_letter_key])).toMatchObject([
        { state: 'open', seen: 2 },
      ])
  })

  it('drop the months below the retention floor on every shard, and hide what lies below in the month of the floor', async () => {
    const tenant = 'kept'
    const days = ['2025-01-15', '2025-02-15', '2025-03-01', '2025-03-20', '2026-11-01']
    const rows = days.flatMap((day) =>
      Array.from({ length: 40 }, (_, index) =>
        eventRow(`${day} ${index}`, { tenant, occurred_at: `${day}T10:00:00.0000000Z` }),
      ),
    )
    await stores[0]!.insertEvents(rows)
    const stored = async (url: string) =>
      (
        await askServer(
          url,
          `SELECT DISTINCT toString(toYYYYMM(occurred_second)) AS month FROM roamwatch._events_local WHERE tenant = '${tenant}' ORDER BY 1`,
          TESTER,
        )
      ).map(({ month }) => month)
    for (const { url } of servers) expect(await stored(url)).toEqual(['202501', '202502', '202503', '202611'])
    // The floor is 2025-03-10: two months go, and of the third what is older is hidden.
    await stores[1]!.applyRetention(30, new Date('2025-04-09T00:00:00Z'))
    for (const { url } of servers) expect(await stored(url)).toEqual(['202503', '202611'])
    for (const store of stores)
      expect(await sql(store, 'SELECT count() AS n, min(occurred_at) AS first FROM events', tenant)).toMatch(
        /^\{"n":"80","first":"2025-03-20/,
      )
    await stores[0]!.applyRetention(undefined, new Date('2025-04-09T00:00:00Z'))
    for (const store of stores) expect(await sql(store, 'SELECT count() AS n FROM events', tenant)).toBe('{"n":"120"}')
  })

  it('refuse a question, rather than answer it by half, when one of them is away', async () => {
    await servers[1]!.stop()
    await expect(sql(stores[0]!, 'SELECT count() AS n FROM events')).rejects.toThrow()
    await expect(stores[0]!.insertEvents([eventRow('late'), eventRow('later'), eventRow('latest')])).rejects.toThrow()
  })
})

function deadLetter(name: string): DeadLetter {
  return {
    dead_letter_key: keyOf(name),
    tenant: 'default',
    source_kind: 'file',
    reason: 'not_xml',
    detail: 'no tag',
    origin: `${name}.xml@0`,
    bytes: Buffer.from(name).toString('base64'),
    length: name.length,
    received_at: '2026-11-02T10:00:00.000Z',
    shipper: null,
  }
}
