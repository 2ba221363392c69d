/** The configuration files of deploy/clickhouse/ in the real engine: they load, our own work is possible with them and nothing else is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import { type ClickHouseStore, createRemoteStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { eventRow } from '../../support/classified-event.ts'
import { hasEngine } from '../../support/clickhouse.ts'
import { freePorts } from '../../support/kafka-broker/free-ports.ts'
import { askServer, type DeployedServer, startServer } from './server.ts'

describe.skipIf(!hasEngine())('a ClickHouse server with the files of deploy/clickhouse', () => {
  let server: DeployedServer
  let store: ClickHouseStore
  beforeAll(async () => {
    const [httpPort, tcpPort] = await freePorts()
    server = await startServer({ httpPort, tcpPort })
    store = createRemoteStore({
      url: server.url,
      username: 'roamwatch_writer',
      password: server.writerPassword,
      reader: { username: 'analyst', password: server.readerPassword },
    })
    await store.open()
  })
  afterAll(async () => {
    await store?.close()
    await server?.stop()
  })

  const ask = (query: string, user: 'roamwatch_writer' | 'analyst' | 'tester') => {
    const passwords = { roamwatch_writer: server.writerPassword, analyst: server.readerPassword, tester: '' }
    return askServer(server.url, query, { user, password: passwords[user] })
  }
  const sql = async (statement: string) => {
    let text = ''
    for await (const part of await store.runSql(statement, 'ndjson')) text += Buffer.from(part).toString()
    return text
  }

  it('lets the writer do all of the work', async () => {
    await store.publishCatalog(loadCatalog())
    expect(await store.insertEvents([eventRow('one')])).toEqual([true])
    expect(await store.insertEvents([eventRow('one')])).toEqual([false])
    await store.applyRetention(30, new Date('2030-01-01T00:00:00Z'))
    expect(await sql('SELECT count() AS n FROM events')).toBe('{"n":"0"}\n')
    await store.applyRetention(undefined, new Date())
    await store.ping()
  })

  it('writes what it acknowledges to the disk', async () => {
    expect(
      await ask(
        `SELECT name, value FROM system.merge_tree_settings WHERE name LIKE 'fsync%' AND value != '0' ORDER BY name`,
        'tester',
      ),
    ).toEqual([
      { name: 'fsync_after_insert', value: '1' },
      { name: 'fsync_part_directory', value: '1' },
    ])
    const settings = await ask(
      `SELECT name, value FROM system.server_settings WHERE name IN ('max_concurrent_queries', 'keep_alive_timeout')`,
      'tester',
    )
    expect(settings).toEqual(
      expect.arrayContaining([
        { name: 'max_concurrent_queries', value: '200' },
        { name: 'keep_alive_timeout', value: '30' },
      ]),
    )
  })

  it.each([
    'CREATE DATABASE other',
    'DROP DATABASE system',
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String')",
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "CREATE USER intruder IDENTIFIED BY 'x'",
    'GRANT SELECT ON roamwatch.* TO analyst',
    'SELECT * FROM system.users',
    'SYSTEM SHUTDOWN',
    "CREATE TABLE roamwatch.copy (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
    'SET async_insert = 1',
  ])('refuses the writer what is not its work: %s', async (statement) => {
    await expect(ask(statement, 'roamwatch_writer')).rejects.toThrow(
      /Not enough privileges|ACCESS_DENIED|should not be changed|Grants|no writ|storage/i,
    )
  })

  it.each([
    'SELECT * FROM roamwatch._events',
    'SELECT * FROM system.parts',
    'INSERT INTO roamwatch._retention (floor) VALUES (0)',
    'CREATE TABLE roamwatch.t (a Int8) ENGINE = MergeTree ORDER BY a',
    'SELECT 1 SETTINGS max_execution_time = 61',
    'SELECT 1 SETTINGS max_memory_usage = 5000000000',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS optimize_move_to_prewhere_if_final = 1',
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String')",
  ])('refuses the analyst everything but the views: %s', async (statement) => {
    await expect(ask(statement, 'analyst')).rejects.toThrow(
      /Not enough privileges|ACCESS_DENIED|should not be (changed|greater)|shouldn't be|readonly/i,
    )
  })

  it('answers the analyst who asks the views', async () => {
    for (const view of ['events', 'trends_hourly', 'dead_letters', 'catalog', 'codes'])
      expect(await sql(`SELECT 1 AS ok FROM (SELECT count() FROM ${view})`)).toBe('{"ok":1}\n')
  })

  it('lets nobody in with a wrong password or without one', async () => {
    const statusOf = async (headers: Record<string, string>) =>
      (await fetch(`${server.url}/?query=SELECT+1`, { headers })).status
    for (const user of ['roamwatch_writer', 'analyst', 'nobody'])
      for (const key of ['', 'wrong'])
        expect(await statusOf({ 'x-clickhouse-user': user, 'x-clickhouse-key': key }), user).toBeGreaterThanOrEqual(401)
  })
})
