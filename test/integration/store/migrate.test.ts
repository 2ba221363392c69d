import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { migrate, readMigrations } from '../../../services/store/clickhouse/migrate.ts'
import {
  createTestStore,
  hasEngine,
  stopTestEngine,
  temporaryDirectory,
  type TestStore,
} from '../../support/clickhouse.ts'

const RELEASED = join(import.meta.dirname, '../../../schemas/clickhouse')

describe.skipIf(!hasEngine())('migrations', () => {
  let test: TestStore
  let folder: ReturnType<typeof temporaryDirectory>
  const database = 'roamwatch_migrations'
  beforeAll(async () => {
    test = await createTestStore()
  })
  afterAll(async () => {
    await test.remove()
    await stopTestEngine()
  })
  beforeEach(() => {
    folder = temporaryDirectory()
    cpSync(RELEASED, folder.path, { recursive: true })
  })
  afterEach(async () => {
    await test.admin.command({ query: `DROP DATABASE IF EXISTS ${database} SYNC` })
    folder.remove()
  })
  const apply = () => migrate({ client: test.admin, database, folder: folder.path })
  const tables = async () => {
    const result = await test.admin.query({ query: `SHOW TABLES FROM ${database}`, format: 'JSONEachRow' })
    return (await result.json<{ name: string }>()).map(({ name }) => name)
  }

  it('are applied once, in order, and a second time changes nothing', async () => {
    await apply()
    const before = await tables()
    expect(before).toEqual(
      expect.arrayContaining(['_events', 'events', 'trends_hourly', 'dead_letters', 'catalog', 'codes']),
    )
    await apply()
    expect(await tables()).toEqual(before)
    const names = (await readMigrations(folder.path)).map(({ name }) => name)
    expect(names).toEqual(
      readdirSync(RELEASED)
        .filter((name) => name.endsWith('.sql'))
        .sort(),
    )
  })

  it('end the same when several start at once', async () => {
    await Promise.all(Array.from({ length: 5 }, apply))
    const result = await test.admin.query({
      query: `SELECT toUInt32(uniqExact(number, checksum)) AS n, toUInt32(uniqExact(number)) AS m FROM ${database}._migrations`,
      format: 'JSONEachRow',
    })
    const count = (await readMigrations(folder.path)).length
    expect(await result.json()).toEqual([{ n: count, m: count }])
  })

  it('go on where a killed one stopped', async () => {
    const path = join(folder.path, '9000-broken.sql')
    writeFileSync(
      path,
      'CREATE TABLE IF NOT EXISTS {database}._second (a UInt8) ENGINE = {engine:_second()} ORDER BY a;\nSELECT throwIf(1);\n',
    )
    await expect(apply()).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    writeFileSync(
      path,
      'CREATE TABLE IF NOT EXISTS {database}._second (a UInt8) ENGINE = {engine:_second()} ORDER BY a;\n',
    )
    await apply()
    expect(await tables()).toContain('_second')
  })

  it('are refused when an applied file has changed, but not for its line ends', async () => {
    await apply()
    const path = join(folder.path, readdirSync(folder.path).sort()[0]!)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replaceAll('\n', '\r\n'))
    await apply()
    writeFileSync(path, `${text}\n-- changed\n`)
    await expect(apply()).rejects.toMatchObject({ code: 'MIGRATION_CHANGED' })
  })

  it('are refused when the database is newer', async () => {
    await apply()
    await test.admin.command({
      query: `INSERT INTO ${database}._migrations (number, name, checksum) VALUES (9999, '9999-later.sql', 'x')`,
    })
    await expect(apply()).rejects.toMatchObject({ code: 'SCHEMA_AHEAD' })
  })

  it('are refused for a cluster where the tables were made for one server', async () => {
    await apply()
    const before = await tables()
    const answer = migrate({ client: test.admin, database, cluster: 'wide', folder: folder.path })
    await expect(answer).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining('was made for one server') as string,
    })
    expect(await tables()).toEqual(before)
  })

  it('refuse a database name that is no plain word', async () => {
    const answer = migrate({ client: test.admin, database: 'x; DROP DATABASE roamwatch', folder: folder.path })
    await expect(answer).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
  })
})
