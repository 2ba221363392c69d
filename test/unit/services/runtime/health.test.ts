import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createHealth, type HealthSource } from '../../../../services/runtime/health.ts'
import { createHealthServer, type HealthServer } from '../../../../services/runtime/health-server.ts'

const servers: HealthServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function serve(rest: Partial<HealthSource> = {}): Promise<string> {
  const health = createHealth({
    service: 'process',
    version: '1.2.3',
    checks: [],
    fault: () => undefined,
    figures: () => ({ lag_records: 7 }),
    startedAt: new Date('2026-11-24T08:00:00Z'),
    ...rest,
  })
  const server = createHealthServer(health, { host: '127.0.0.1', port: 0 })
  servers.push(server)
  await server.start()
  return server.url()
}

async function get(url: string, path: string, method = 'GET') {
  const response = await fetch(`${url}${path}`, { method })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : (JSON.parse(text) as object),
  }
}

const fine = { name: 'store', check: () => Promise.resolve() }
const gone = { name: 'kafka', check: () => Promise.reject(new Error('waiting: no broker answers')) }

describe('health', () => {
  test('a service that waits for a broker is alive, and not ready with the reason', async () => {
    const url = await serve({ checks: [fine, gone] })
    expect(await get(url, '/healthz')).toMatchObject({ status: 200, body: { status: 'alive' } })
    const ready = await get(url, '/readyz')
    expect(ready).toMatchObject({
      status: 503,
      body: {
        status: 'not_ready',
        detail: 'kafka: waiting: no broker answers',
        checks: [
          { name: 'store', ok: true, detail: null },
          { name: 'kafka', ok: false, detail: 'waiting: no broker answers' },
        ],
      },
    })
    expect(ready.headers.get('retry-after')).toBe('5')
  })

  test('a fault is neither alive nor ready', async () => {
    const url = await serve({ checks: [fine], fault: () => new Error('a fault of ours') })
    expect(await get(url, '/healthz')).toMatchObject({ status: 503, body: { detail: 'a fault of ours' } })
    expect(await get(url, '/readyz')).toMatchObject({ status: 503, body: { detail: 'a fault of ours' } })
  })

  test('the status has who it is, whether it is ready, and the figures', async () => {
    const url = await serve({ checks: [fine] })
    expect((await get(url, '/status')).body).toEqual({
      service: 'process',
      version: '1.2.3',
      pid: process.pid,
      started_at: '2026-11-24T08:00:00.000Z',
      ready: true,
      reason: null,
      checks: [{ name: 'store', ok: true, detail: null }],
      lag_records: 7,
    })
  })

  test('a check that does not answer counts as failed after two seconds', async () => {
    const url = await serve({ checks: [{ name: 'store', check: () => new Promise(() => undefined) }] })
    expect(await get(url, '/readyz')).toMatchObject({
      status: 503,
      body: { detail: 'store: no answer within 2 seconds' },
    })
  })

  test('figures that cannot be had are a 500, and the next question is answered', async () => {
    const url = await serve({
      figures: () => {
        throw new Error('no figures')
      },
    })
    expect(await get(url, '/status')).toMatchObject({ status: 500, body: { detail: 'no figures' } })
    expect((await get(url, '/healthz')).status).toBe(200)
  })

  test.for([
    ['GET', '/', 404],
    ['GET', '/__proto__', 404],
    ['GET', '/healthz/', 404],
    ['POST', '/readyz', 405],
    ['HEAD', '/readyz', 200],
    ['GET', '/readyz?verbose', 200],
  ] as const)('%s %s is answered with %s', async ([method, path, status]) => {
    expect((await get(await serve(), path, method)).status).toBe(status)
  })

  test('a port that is taken is named, with the setting', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const health = createHealth({
      service: 'x',
      version: '1',
      checks: [],
      fault: () => undefined,
      figures: () => ({}),
      startedAt: new Date(),
    })
    await expect(createHealthServer(health, { host: '127.0.0.1', port }).start()).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining('ROAMWATCH_HEALTH_PORT') as string,
    })
    other.close()
  })
})
