/** Who gets into the embedded engine, and what it will not do even for those who do. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acquireEngine, type Engine } from '../../../services/store/clickhouse/engine/engine.ts'
import { hasEngine, temporaryDirectory } from '../../support/clickhouse.ts'

const SECRET = 'nobody-may-read-this'

describe.skipIf(!hasEngine())('the fence of the embedded engine', () => {
  const directory = temporaryDirectory()
  const secretFile = join(directory.path, 'secret.txt')
  let engine: Engine
  beforeAll(async () => {
    writeFileSync(secretFile, SECRET)
    engine = await acquireEngine({ dataDir: join(directory.path, 'data'), databases: ['roamwatch'] })
  })
  afterAll(async () => {
    await engine?.lease.release()
    directory.remove()
  })

  const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  })
  const ask = async (query: string, headers: Record<string, string>, search = '') => {
    const response = await fetch(`${engine.url}/${search}`, { method: 'POST', body: query, headers })
    return { status: response.status, text: await response.text() }
  }
  /** Every way of saying who one is that names `default` or nobody. */
  const strangers: readonly (readonly [said: string, headers: Record<string, string>, search: string])[] = [
    ['nothing', {}, ''],
    ['a parameter', {}, '?user=default'],
    ['a parameter with an empty password', {}, '?user=default&password='],
    ['a parameter with a password', {}, '?user=default&password=x'],
    ['headers', { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': '' }, ''],
    ['an empty name', { 'X-ClickHouse-User': '', 'X-ClickHouse-Key': '' }, ''],
    ['Basic', basic('default', ''), ''],
    ['Basic without a name', basic('', ''), ''],
    ['Basic with a password', basic('default', 'x'), ''],
    ['a session', {}, '?session_id=x'],
    ['the empty names of others', basic('admin', ''), ''],
    ['the reader without its password', basic('analyst', ''), ''],
  ]

  it.each(strangers)('lets nobody in over HTTP who says %s', async (_, headers, search) => {
    for (const query of ['SELECT 1', `SELECT file('${secretFile}')`, 'SYSTEM STOP LISTEN HTTP']) {
      const { status, text } = await ask(query, headers, search)
      expect([401, 403], text).toContain(status)
      expect(text).not.toContain(SECRET)
    }
    expect(await ask('SELECT 1', basic('admin', engine.card.adminPassword))).toEqual({ status: 200, text: '1\n' })
  })

  it('goes on after bytes that are no HTTP', async () => {
    const { port } = new URL(engine.url)
    for (const bytes of [
      'GET',
      '\r\n\r\n',
      '\u0000\u0004test',
      'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
      'GET /?query=%zz HTTP/1.1\r\nAuthorization: Basic !!\r\n\r\n',
    ]) {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined)
      socket.end(Buffer.from(bytes, 'latin1'))
      socket.resume()
      await once(socket, 'close')
      expect(await ask('SELECT 1', basic('admin', engine.card.adminPassword)), bytes.slice(0, 30)).toMatchObject({
        status: 200,
      })
    }
  })

  it.each(['admin', 'analyst'] as const)('reads no file of the machine for %s', async (user) => {
    const { adminPassword, analystPassword } = engine.card
    const headers = basic(user, user === 'admin' ? adminPassword : analystPassword)
    for (const query of [
      `SELECT file('${secretFile}')`,
      `SELECT file('${secretFile}', 'default')`,
      `SELECT file('secret.txt', NULL)`,
      `SELECT arrayMap(file, ['${secretFile}'])`,
      `SELECT 1 AS "a'", file('${secretFile}') AS "b'"`,
      `SELECT * APPLY file FROM (SELECT '${secretFile}' AS p)`,
      `SELECT * FROM file('${secretFile}', 'LineAsString')`,
      `SELECT * FROM filesystem('${directory.path}')`,
    ]) {
      const { status, text } = await ask(query, headers)
      expect(status, query).toBeGreaterThanOrEqual(400)
      expect(text, query).not.toContain(SECRET)
    }
  })

  it('still does its own work: writes, merges, reads and spills to the disk', async () => {
    const admin = basic('admin', engine.card.adminPassword)
    for (const query of [
      'CREATE DATABASE work ENGINE = Atomic',
      'CREATE TABLE work.t (a UInt64) ENGINE = MergeTree ORDER BY a',
      'INSERT INTO work.t SELECT number FROM numbers(200000)',
      'INSERT INTO work.t SELECT number + 200000 FROM numbers(200000)',
      'OPTIMIZE TABLE work.t FINAL',
    ])
      expect(await ask(query, admin), query).toMatchObject({ status: 200 })
    const spilling = `SELECT count(), sum(a) FROM (SELECT a FROM work.t GROUP BY a)
      SETTINGS max_bytes_before_external_group_by = 100000, max_bytes_ratio_before_external_group_by = 0`
    expect(await ask(spilling, admin)).toEqual({ status: 200, text: '400000\t79999800000\n' })
    expect(await ask('DROP DATABASE work SYNC', admin)).toMatchObject({ status: 200 })
  })
})
