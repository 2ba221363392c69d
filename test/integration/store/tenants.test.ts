/** Ad-hoc SQL sees the rows of one tenant, whatever the statement says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRemoteStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { readEngineCard } from '../../../services/store/clickhouse/engine/engine-files.ts'
import { eventRow, keyOf } from '../../support/classified-event.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'

const VIEWS = ['events', 'trends_hourly', 'dead_letters']
const TENANTS = ['contoso', 'fabrikam']

describe.skipIf(!hasEngine())('ad-hoc SQL of a tenant', () => {
  let test: TestStore
  beforeAll(async () => {
    test = await createTestStore()
    for (const tenant of TENANTS) {
      await test.store.insertEvents([
        eventRow(`one of ${tenant}`, { tenant }),
        eventRow(`two of ${tenant}`, { tenant }),
      ])
      await test.store.insertDeadLetters([
        {
          sighting: tenant,
          letter: {
            dead_letter_key: keyOf(tenant),
            tenant,
            source_kind: 'file',
            reason: 'not_json',
            detail: 'x',
            origin: 'x@0',
            bytes: '',
            length: 0,
            shipper: null,
            received_at: '2026-11-02T10:20:30.0000000Z',
          },
        },
      ])
    }
  })
  afterAll(async () => {
    await test.remove()
    await stopTestEngine()
  })
  const lines = async (sql: string, tenant?: string, store: Pick<TestStore['store'], 'runSql'> = test.store) => {
    let text = ''
    for await (const part of await store.runSql(sql, 'csv', tenant)) text += Buffer.from(part).toString()
    return text.split('\n').slice(1, -1)
  }

  it.each(VIEWS)('shows its own rows of %s and no other', async (view) => {
    for (const tenant of TENANTS)
      expect(await lines(`SELECT DISTINCT tenant FROM ${view}`, tenant)).toEqual([`"${tenant}"`])
    expect(await lines(`SELECT count() FROM ${view}`, 'nobody')).toEqual(['0'])
    expect(await lines(`SELECT count() FROM ${view}`)).toEqual(['0'])
    expect(await lines(`SELECT count() FROM ${view}`, '')).toEqual(['0'])
  })

  it('shows the catalog to everybody', async () => {
    expect(await lines('SELECT count() FROM catalog', 'contoso')).toEqual(await lines('SELECT count() FROM catalog'))
  })

  it.each([
    "SELECT count() FROM events WHERE tenant = 'fabrikam'",
    "SELECT countIf(tenant != 'contoso') FROM events",
    "SELECT count() FROM events PREWHERE tenant = 'fabrikam'",
    "SELECT count() FROM (SELECT * FROM events UNION ALL SELECT * FROM events) WHERE tenant != 'contoso'",
    "SELECT count() FROM events AS a JOIN events AS b ON a.device = b.device WHERE b.tenant != 'contoso'",
    "SELECT sum(events) FROM trends_hourly WHERE tenant != 'contoso'",
    "SELECT count() FROM dead_letters WHERE tenant = 'fabrikam'",
    "WITH t AS (SELECT * FROM events) SELECT count() FROM t WHERE tenant = 'fabrikam'",
    "SELECT count() FROM view(SELECT * FROM events) WHERE tenant = 'fabrikam'",
  ])('cannot be asked for others: %s', async (sql) => {
    expect(await lines(sql, 'contoso').catch((error: unknown) => [(error as { code: string }).code])).toEqual([
      expect.stringMatching(/^(0|QUERY_REFUSED|QUERY_INVALID)$/),
    ])
  })

  it.each([
    'allow_get_client_http_header = 0',
    'use_query_cache = 1',
    'use_query_condition_cache = 1',
    "additional_table_filters = {'events': '1'}",
    'optimize_move_to_prewhere = 0',
    "SQL_tenant = 'fabrikam'",
    "http_headers_progress_interval_ms = 1, X_Roamwatch_Tenant = 'fabrikam'",
  ])('cannot be lifted by SETTINGS %s', async (settings) => {
    const outcome = await lines(`SELECT DISTINCT tenant FROM events SETTINGS ${settings}`, 'contoso').catch(() => [])
    expect(outcome).not.toContain('"fabrikam"')
  })

  it('gives one tenant nothing that was kept for another', async () => {
    const sql = 'SELECT tenant, count() FROM events GROUP BY ALL'
    for (let round = 0; round < 3; round++) {
      for (const tenant of TENANTS) expect(await lines(sql, tenant)).toEqual([`"${tenant}",2`])
    }
  })

  it('is refused on a server whose reader sees every tenant', async () => {
    const { httpPort, adminPassword, analystPassword } = (await readEngineCard(test.dataDir))!
    const account = { username: 'admin', password: adminPassword }
    const base = { url: `http://127.0.0.1:${httpPort}`, ...account, database: test.database }
    const open = createRemoteStore({ ...base, reader: account })
    await expect(lines('SELECT 1', 'contoso', open)).rejects.toMatchObject({
      code: 'QUERY_REFUSED',
      message: expect.stringContaining('other tenants') as string,
    })
    await open.close()
    const fenced = createRemoteStore({ ...base, reader: { username: 'analyst', password: analystPassword } })
    expect(await lines('SELECT count() FROM events', 'contoso', fenced)).toEqual(['2'])
    await fenced.close()
  })
})
