import { describe, expect, it } from 'vitest'
import { READER_VIEWS, serverConfig, usersConfig } from '../../../../services/store/clickhouse/engine/engine-config.ts'
import { findEngineLibrary } from '../../../../services/store/clickhouse/engine/engine-library.ts'
import { openLeaseDesk, takeLease } from '../../../../services/store/clickhouse/engine/lease.ts'
import { readMigrations } from '../../../../services/store/clickhouse/migrate.ts'
import { renderMigration } from '../../../../services/store/clickhouse/render-statements.ts'
import { filterCondition } from '../../../../services/store/clickhouse/filter-sql.ts'
import { translateError } from '../../../../services/store/clickhouse/client.ts'
import { ClickHouseError } from '@clickhouse/client'

describe('the engine library', () => {
  it.each(['win32-x64', 'linux-riscv64', 'freebsd-x64'])(
    'is said to be missing on %s, with the way out',
    (platform) => {
      expect(() => findEngineLibrary(platform)).toThrow(
        expect.objectContaining({
          code: 'ENGINE_UNSUPPORTED',
          message: expect.stringContaining('ROAMWATCH_CLICKHOUSE_URL') as string,
        }) as Error,
      )
    },
  )
})

describe('the settings of the engine', () => {
  const settings = { httpPort: 1, databaseDir: '/d', logDir: '/a & <b>', usersFile: '/u', doorUri: 'http://d' }
  it('escape paths, listen on the loopback address only and open no port that was not asked for', () => {
    const config = serverConfig(settings)
    expect(config).toContain('<log>/a &amp; &lt;b&gt;/engine.log</log>')
    expect(config.match(/<listen_host>.*?<\/listen_host>/g)).toEqual(['<listen_host>127.0.0.1</listen_host>'])
    expect(config).not.toContain('tcp_port')
  })
  it('hold no password in plain text and grant readers the views only', () => {
    const users = usersConfig({
      adminPassword: 'plain-admin',
      analystPassword: 'plain-analyst',
      databases: ['roamwatch'],
    })
    expect(users).not.toMatch(/plain-/)
    const analyst = /<analyst>.*<\/analyst>/s.exec(users)?.[0] ?? ''
    expect(analyst.match(/<query>.*?<\/query>/g)).toEqual(
      READER_VIEWS.map((view) => `<query>GRANT SELECT ON \`roamwatch\`.\`${view}\`</query>`),
    )
  })
})

describe('a lease', () => {
  it('is counted while it is held, and given up when it is released', async () => {
    const counts: number[] = []
    const desk = await openLeaseDesk('secret', (users) => counts.push(users))
    const first = (await takeLease(desk.port, 'secret'))!
    const second = (await takeLease(desk.port, 'secret'))!
    await first.release()
    expect([first.isHeld(), second.isHeld(), desk.count()]).toEqual([false, true, 1])
    // The last to leave waits for the end of the engine; here it does not end.
    await second.release(50)
    expect(counts).toEqual([1, 2, 1, 0])
    desk.close()
  })
  it.each(['', 'wrong', 'secret2', 'x'.repeat(5000)])('is refused with the secret %j', async (secret) => {
    const desk = await openLeaseDesk('secret', () => undefined)
    expect(await takeLease(desk.port, secret)).toBeUndefined()
    expect(desk.count()).toBe(0)
    desk.close()
  })
})

describe('migration files', () => {
  it('are numbered without gaps', async () => {
    const numbers = (await readMigrations()).map(({ number }) => number)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })
  it('become statements at the semicolon that ends a line', () => {
    const template = "-- a; b\nSELECT ';' ;\n\nCREATE TABLE {database}.t {on_cluster} ENGINE = {engine:t(revision)};\n"
    const statements = renderMigration(template, { database: 'd' })
    expect(statements).toEqual(["SELECT ';'", 'CREATE TABLE d.t  ENGINE = ReplacingMergeTree(revision)'])
  })
})

describe('a filter', () => {
  it('puts values into parameters only', () => {
    const hostile = "') OR 1=1 --"
    const { sql, params } = filterCondition([{ column: 'user', values: [hostile, null], not: true }])
    expect(sql).not.toContain(hostile)
    expect(params).toEqual({ filter_0: [hostile] })
  })
  it.each(['-1', '1.5', '1e3', 'x', '18446744073709551616', ''])('refuses %j for a number', (value) => {
    expect(() => filterCondition([{ column: 'event_id', values: [value], not: false }])).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID' }) as Error,
    )
  })
})

describe('an error of ClickHouse', () => {
  const of = (code: string) => new ClickHouseError({ message: 'words. (version 26.7.2.1)', code, type: 'X' })
  it.each([
    ['243', 'store', 'STORE_REFUSED', false],
    ['241', 'store', 'STORE_UNAVAILABLE', true],
    ['497', 'store', 'STORE_REFUSED', false],
    ['159', 'store', 'STORE_UNAVAILABLE', true],
    ['159', 'question', 'QUERY_TIMEOUT', false],
    ['159', 'reader', 'QUERY_TIMEOUT', false],
    ['497', 'reader', 'QUERY_REFUSED', false],
    ['164', 'reader', 'QUERY_REFUSED', false],
    ['62', 'reader', 'QUERY_INVALID', false],
  ] as const)('%s of the %s is %s', (code, asker, expected, retryable) => {
    expect(translateError(of(code), asker)).toMatchObject({
      code: expected,
      retryable,
      message: expect.not.stringContaining('version') as string,
    })
  })
  it('that one of its libraries threw is no outage', () => {
    const thrown = new Error('std::exception. Code: 1001, type: filesystem_error, e.what() = getcwd failed')
    expect(translateError(thrown, 'reader')).toMatchObject({ code: 'QUERY_INVALID', retryable: false })
    expect(translateError(thrown, 'store')).toMatchObject({ code: 'STORE_REFUSED', retryable: false })
  })
  it('that came from the network can be tried again, whoever asked', () => {
    for (const asker of ['store', 'question', 'reader'] as const) {
      expect(translateError(new Error('ECONNRESET'), asker)).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
      })
    }
  })
})
