import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SqlFormat } from '../../../services/store/event-store.ts'
import { eventRow } from '../../support/classified-event.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'

const SECRET = 'nobody-may-read-this'

describe.skipIf(!hasEngine())('runSql', () => {
  let test: TestStore
  let secretFile: string
  beforeAll(async () => {
    test = await createTestStore()
    secretFile = join(test.dataDir, 'secret.txt')
    writeFileSync(secretFile, SECRET)
    await test.store.insertEvents([
      eventRow(1),
      eventRow(2, { entry: null, record_id: '18446744073709551615' }),
      eventRow(3),
    ])
  })
  afterAll(async () => {
    await test.remove()
    await stopTestEngine()
  })
  const run = async (sql: string, format: SqlFormat = 'ndjson') => {
    const chunks: Buffer[] = []
    for await (const chunk of await test.store.runSql(sql, format)) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
  }

  it('answers in every format', async () => {
    const sql = 'SELECT entry, count() AS n FROM events GROUP BY ALL ORDER BY n;'
    expect((await run(sql)).toString()).toBe('{"entry":null,"n":"1"}\n{"entry":"known-1098-0xcaa5001c","n":"2"}\n')
    expect((await run(sql, 'csv')).toString()).toBe('"entry","n"\n\\N,1\n"known-1098-0xcaa5001c",2\n')
    expect(JSON.parse((await run(sql, 'json')).toString())).toMatchObject({
      rows: 2,
      data: [{ entry: null, n: '1' }, { n: '2' }],
    })
    expect((await run(sql, 'parquet')).subarray(0, 4).toString()).toBe('PAR1')
    expect((await run(sql, 'table')).toString()).toMatch(
      /^┌─entry─+┬─n─┐\n│ ᴺᵁᴸᴸ +│ 1 │\n│ known-1098-0xcaa5001c │ 2 │\n└─+┴───┘\n$/,
    )
  })

  it('keeps 64-bit numbers exact and the words of the project', async () => {
    const sql = `SELECT record_id, candidates[1].entry AS best, data['Error'] AS error, event_key FROM events WHERE record_id = 18446744073709551615`
    for (const format of ['json', 'ndjson'] as const) {
      const parsed = JSON.parse(
        (await run('SELECT record_id, revision FROM events ORDER BY record_id DESC LIMIT 1', format)).toString(),
      ) as { data?: unknown[] }
      expect(parsed.data?.[0] ?? parsed).toEqual({ record_id: '18446744073709551615', revision: '1' })
    }
    expect((await run(sql)).toString()).toContain(
      '"record_id":"18446744073709551615","best":"known-1098-0xcaa5001c","error":"3399811100"',
    )
  })

  it('lets ordinary statements through', async () => {
    for (const sql of [
      'WITH t AS (SELECT * FROM events) SELECT count() FROM t -- a comment',
      'SELECT count() FROM events FORMAT CSV',
      'DESCRIBE events',
      'SHOW TABLES',
      'EXPLAIN SELECT count() FROM events',
      "SELECT 'file', 'outfile' FROM events LIMIT 1",
      '(SELECT 1) UNION ALL (SELECT 2)',
      'SELECT number FROM numbers(3)',
      'SELECT * FROM trends_hourly',
      'SELECT * FROM dead_letters',
      'SELECT * FROM catalog JOIN codes USING (catalog_version)',
      'SELECT 1 SETTINGS max_threads = 1',
    ]) {
      await expect(run(sql), sql).resolves.toBeDefined()
    }
  })

  it('shows the five views and nothing else', async () => {
    expect((await run('SHOW TABLES', 'csv')).toString().split('\n').slice(1, -1)).toEqual(
      ['catalog', 'codes', 'dead_letters', 'events', 'trends_hourly'].map((name) => `"${name}"`),
    )
  })

  it('refuses every hostile statement, and nothing of what it asked for comes back', async () => {
    const statements = hostile(secretFile, test.database)
    expect(statements.length).toBeGreaterThanOrEqual(38)
    for (const sql of statements) {
      const outcome = await run(sql).then(
        (bytes) => ({ text: bytes.toString() }),
        (error: unknown) => ({ error }),
      )
      expect(outcome, sql).toMatchObject({
        error: { code: expect.stringMatching(/^QUERY_(REFUSED|INVALID)$/) as string },
      })
      expect((outcome as { error: Error }).error.message, sql).not.toContain(SECRET)
    }
    expect((await test.store.events({ tenant: 'default', filters: [], limit: 10 })).events).toHaveLength(3)
  })

  it('refuses to name what reads files, however the name and what stands around it are quoted', async () => {
    const statements = quotedAtWill(secretFile)
    for (const sql of statements) {
      await expect(run(sql), sql).rejects.toMatchObject({
        code: 'QUERY_REFUSED',
        message: expect.stringContaining('may not be used') as string,
      })
    }
  })

  it('lets the same words pass inside of strings', async () => {
    for (const sql of [
      `SELECT 'it''s a file' AS "a'", 'x\\'file' AS \`b"\``,
      `SELECT $a$file('x')$a$, ‘file’`,
      `SELECT 1 /* file( /* nested */ */ -- file(`,
    ]) {
      await expect(run(sql), sql).resolves.toBeDefined()
    }
  })

  it('stops what runs too long', async () => {
    const slow =
      'SELECT sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0, max_execution_time = 1'
    await expect(run(slow)).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
  })

  it('says where a statement is wrong, in few words', async () => {
    const error: unknown = await run('SELECT nothing FROM events').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'QUERY_INVALID', message: expect.stringContaining('nothing') as string })
    expect((error as Error).message.length).toBeLessThanOrEqual(400)
    for (const sql of [
      '',
      ' ; ',
      'SELEC 1',
      'SELECT 1; SELECT 2',
      `SELECT '${'x'.repeat(100_001)}'`,
      'SELECT (',
      "SELECT '\u0000",
    ]) {
      await expect(run(sql), sql.slice(0, 20)).rejects.toMatchObject({ code: 'QUERY_INVALID' })
    }
  })
})

/** Quotes that open nowhere, inside of names, strings and comments, around a call that must be found. */
function quotedAtWill(path: string): readonly string[] {
  const call = `file('${path}')`
  return [
    `SELECT 1 AS "a'", ${call} AS "b'"`,
    `SELECT 1 AS \`a'\`, ${call} AS \`b'\``,
    `SELECT 1 AS "a\\"'", ${call} AS "b'"`,
    `SELECT 1 AS "a""'", ${call} AS "b'"`,
    `SELECT 1 AS \`a\\\`'\`, ${call} AS \`b'\``,
    `SELECT 1 AS \`a\`\`'\`, ${call} AS \`b'\``,
    `SELECT 1 AS “a'”, ${call} AS “b'”`,
    `SELECT ‘a\\'’, ${call}, ‘b\\'’`,
    `SELECT '\\'', ${call}, '\\''`,
    `SELECT '''', ${call}, ''''`,
    `SELECT '\\\\', ${call}, '\\\\'`,
    `SELECT $$'$$, ${call}, $$'$$`,
    `SELECT $a$'$a$, ${call}, $a$'$a$`,
    `SELECT 1 /* ' */, ${call} /* ' */`,
    `SELECT 1 -- '\n, ${call} -- '`,
    `SELECT 1 # '\n, ${call} # '`,
    `SELECT 1 #! '\n, ${call} #! '`,
    `SELECT 1 /* /* ' */ ' */, ${call}`,
    `SELECT "file"('${path}'), 'a'`,
    `SELECT \`file\`('${path}')`,
    `SELECT “file”('${path}')`,
    `SELECT "a'" FROM (SELECT 1 AS "a'", ${call} AS "b'")`,
    `WITH 1 AS "a'", ${call} AS "b'" SELECT "b'"`,
    `SELECT map('a\\'', 1) AS "m'", arrayMap("x'" -> file("x'"), ['${path}'])`,
    `SELECT 1 AS "\\'", ${call} AS "\\'b"`,
  ]
}

function hostile(path: string, database: string): readonly string[] {
  return [
    `SELECT file('${path}')`,
    `SELECT FILE('${path}')`,
    `SELECT file('${path}', 'default')`,
    `SELECT * FROM file('${path}', 'LineAsString')`,
    `SELECT arrayMap(file, ['${path}'])`,
    `SELECT arrayMap(x -> file(x), ['${path}'])`,
    `SELECT * APPLY file FROM (SELECT '${path}' AS p)`,
    `SELECT COLUMNS('p') APPLY(\`fi\\x6ce\`) FROM (SELECT '${path}' AS p)`,
    `SELECT "fi\\x6ce"('${path}')`,
    `SELECT 1 WHERE length(file('${path}')) > 0`,
    ...quotedAtWill(path),
    `SELECT 1 ORDER BY file('${path}')`,
    `SELECT throwIf(1, file('${path}'))`,
    `EXPLAIN SYNTAX SELECT file('${path}')`,
    `WITH file('${path}') AS x SELECT x`,
    `WITH (SELECT file('${path}')) AS x SELECT x`,
    `SELECT /* */ file /* */ ('${path}')`,
    `SELECT 1 UNION ALL SELECT length(file('${path}'))`,
    `SELECT * FROM view(SELECT file('${path}'))`,
    `SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')`,
    `SELECT * FROM s3('http://127.0.0.1:1/x', 'LineAsString')`,
    `SELECT * FROM remote('127.0.0.1', system.one)`,
    `SELECT * FROM cluster('default', system.one)`,
    `SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')`,
    `SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')`,
    `SELECT * FROM sqlite('${path}', 'x')`,
    `SELECT * FROM executable('id', 'TSV', 'x String')`,
    `SELECT * FROM merge('${database}', '_events')`,
    `SELECT * FROM mergeTreeIndex('${database}', '_events')`,
    `SELECT * FROM ${database}._events`,
    `SELECT * FROM ${database}._migrations`,
    `SELECT * FROM loop(${database}._events)`,
    `DESCRIBE ${database}._events`,
    `SELECT * FROM system.processes`,
    `SELECT * FROM system.users`,
    `SELECT * FROM system.settings_profiles`,
    `SELECT * FROM system.query_log`,
    `SELECT * FROM information_schema.columns WHERE table_name = '_events' AND throwIf(1)`,
    `SHOW CREATE TABLE ${database}._events`,
    `SHOW GRANTS FOR admin`,
    `INSERT INTO events (tenant) VALUES ('x')`,
    `INSERT INTO ${database}._events (tenant) SELECT 'x'`,
    `INSERT INTO FUNCTION file('${path}x', 'TSV') SELECT 1`,
    `ALTER TABLE ${database}._events DELETE WHERE 1`,
    `DROP TABLE ${database}._events`,
    `DROP DATABASE ${database}`,
    `TRUNCATE TABLE ${database}._events`,
    `CREATE TABLE ${database}.x (a UInt8) ENGINE = Memory`,
    `CREATE TEMPORARY TABLE x (a UInt8)`,
    `CREATE VIEW ${database}.x AS SELECT 1`,
    `CREATE FUNCTION f AS x -> x`,
    `CREATE USER x`,
    `GRANT ALL ON *.* TO analyst`,
    `SET readonly = 0`,
    `SYSTEM SHUTDOWN`,
    `SYSTEM STOP MERGES`,
    `KILL QUERY WHERE 1`,
    `BACKUP TABLE ${database}.events TO File('${path}b')`,
    `SELECT 1 INTO OUTFILE '${path}o'`,
    `SELECT 1 SETTINGS readonly = 0`,
    `SELECT 1 SETTINGS max_execution_time = 0`,
    `SELECT 1 SETTINGS max_execution_time = 100000`,
    `SELECT 1 SETTINGS max_memory_usage = 0`,
    `SELECT count() FROM events SETTINGS optimize_move_to_prewhere_if_final = 1`,
    `SELECT aiGenerate('x')`,
    `SELECT 1; DROP TABLE ${database}._events`,
    `SELECT 1 PARALLEL WITH SELECT 2`,
    `EXECUTE AS admin SELECT 1`,
    `SELECT getClientHTTPHeader('Authorization')`,
    `USE system`,
  ]
}
