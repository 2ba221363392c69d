import { afterEach, describe, expect, test } from 'vitest'
import { createHealth } from '../../../../services/runtime/health.ts'
import { createHealthServer, type HealthServer } from '../../../../services/runtime/health-server.ts'
import type { MetricsPage } from '../../../../services/runtime/telemetry/metrics-page.ts'

const servers: HealthServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function serve(metrics?: MetricsPage): Promise<string> {
  const about = { service: 'process', version: '1.2.3', checks: [], startedAt: new Date() }
  const health = createHealth({ ...about, fault: () => undefined, figures: () => ({}) })
  const server = createHealthServer(health, { host: '127.0.0.1', port: 0 }, metrics)
  servers.push(server)
  await server.start()
  return server.url()
}

const page = '# HELP a_total Ünits.\n# TYPE a_total counter\na_total 1\n'

describe('/metrics beside the health', () => {
  test('is the page as it stands, of its own type, and for HEAD nothing but its head', async () => {
    const url = await serve(() => Promise.resolve(page))
    const answer = await fetch(`${url}/metrics?x=1`)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toBe(page)
    const head = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      String(Buffer.byteLength(page)),
      '',
    ])
  })

  test('only GET and HEAD; a page that fails is a 500 with the reason; the health goes on', async () => {
    const url = await serve(() => Promise.reject(new Error('a fault of ours')))
    expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405)
    const failed = await fetch(`${url}/metrics`)
    expect([failed.status, await failed.json()]).toEqual([500, { detail: 'a fault of ours' }])
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('is not there where it is switched off, and the answer says what is', async () => {
    const url = await serve()
    const answer = await fetch(`${url}/metrics`)
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { detail: 'there is no such address; there are /healthz, /readyz, /status' },
    ])
  })
})
