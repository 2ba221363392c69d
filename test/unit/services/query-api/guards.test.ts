import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventPage } from '../../../../schemas/api/queries.ts'
import type { Problem } from '../../../../schemas/api/problem.ts'
import type { Api, ApiPlugin } from '../../../../services/query-api/api.ts'
import { answerClientError } from '../../../../services/query-api/plugins/client-errors.ts'
import { createMemoryReader } from '../../../support/memory-reader.ts'
import { sampleEvent } from './sample-events.ts'
import { createTestApp } from './test-app.ts'

let app: Api
let port: number
beforeAll(async () => {
  app = await createTestApp({
    allowedHosts: ['Roamwatch.corp.example'],
    reader: createMemoryReader([sampleEvent(1, { user: 'CONTOSO\\jürgen' }), sampleEvent(2)]),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = Number(new URL(app.listeningOrigin).port)
})
afterAll(() => app.close())

/** Sends bytes as they are and reads until the server closes. */
async function raw(request: string | Buffer): Promise<{ status: number; head: string; body: string }> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body }
}

const get = (path: string, headers: Record<string, string> = {}) => {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return raw(Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`))
}

describe('the host name', () => {
  it.each([
    'localhost',
    'LOCALHOST:8080',
    'localhost.',
    '127.0.0.1:1',
    '127.1.2.3',
    '[::1]:8080',
    'roam.localhost',
    'roamwatch.corp.example:443',
  ])('%s is answered', async (host) => expect((await get('/healthz', { host })).status).toBe(200))

  it.each([
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '0.0.0.0',
    '[::ffff:7f00:1]',
    'sub.roamwatch.corp.example',
    '127.0.0.1@evil.example',
    '2130706433',
    'localhost:8080:8080',
    ' ',
  ])('%j is refused', async (host) => {
    const { status, body } = await get('/v1/events', { host })
    expect([421, 400]).toContain(status)
    expect(JSON.parse(body)).toMatchObject({ code: 'REQUEST_INVALID', status })
  })

  it('may be left out by HTTP/1.0 only', async () => {
    expect((await raw('GET /healthz HTTP/1.0\r\n\r\n')).status).toBe(200)
    expect((await raw('GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n')).status).toBe(400)
  })

  it("may be any where the wiring says so, and foreign words in it never reach the page's calls", async () => {
    const open = await createTestApp({ allowedHosts: 'any' })
    expect((await open.inject({ url: '/healthz', headers: { host: 'evil.example' } })).statusCode).toBe(200)
    const page = await open.inject({ url: '/', headers: { host: "x';rm -rf ~;'" } })
    expect(page.body).not.toContain('rm -rf')
    await open.close()
  })
})

describe('the origin', () => {
  it.each([
    'https://evil.example',
    'null',
    'http://localhost:1',
    'file://',
    'http://127.0.0.1',
    '',
    'http://evil.example@127.0.0.1',
  ])('%j is refused', async (origin) => {
    const { status, body } = await get('/v1/events', { origin })
    expect(status).toBe(403)
    expect((JSON.parse(body) as Problem).code).toBe('REQUEST_INVALID')
  })

  it('of the same address is answered', async () => {
    expect((await get('/v1/events', { origin: `http://127.0.0.1:${port}` })).status).toBe(200)
    expect((await get('/v1/events', { origin: `HTTP://LOCALHOST:${port}`, host: `localhost:${port}` })).status).toBe(
      200,
    )
  })

  it('is not asked of a link on another page, but a form there cannot post', async () => {
    expect((await get('/', { 'sec-fetch-site': 'cross-site' })).status).toBe(200)
    for (const site of ['cross-site', 'same-site']) {
      const answer = await app.inject({ method: 'POST', url: '/v1/events', headers: { 'sec-fetch-site': site } })
      expect(answer.statusCode).toBe(403)
    }
  })
})

describe('the wire', () => {
  it('reads UTF-8 in percent-encoding, and says so of raw bytes', async () => {
    const good = await get('/v1/events?user=CONTOSO%5Cj%C3%BCrgen')
    expect((JSON.parse(good.body) as EventPage).events.map(({ user }) => user)).toEqual(['CONTOSO\\jürgen'])
    const bad = await get('/v1/events?user=jürgen')
    expect(bad.status).toBe(400)
    expect(bad.body).toContain('percent-encoded as UTF-8')
  })

  it.each([
    ['GET /\0 HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['nonsense\r\n\r\n', 400],
    ['\x16\x03\x01\x02\0\x01\0', 400],
    [`GET /v1/events?device=${'x'.repeat(1024 * 1024)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, 431],
    [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n', 400],
  ])('answers %j with problem details', async (request, status) => {
    const answer = await raw(request)
    expect(answer.status).toBe(status)
    expect(answer.head).toContain('application/problem+json')
    expect(JSON.parse(answer.body)).toMatchObject({ status, code: 'REQUEST_INVALID' })
  })

  it('answers a request that came too slowly with 408, once', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      for (const code of ['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_HTTP_REQUEST_TIMEOUT', 'HPE_INVALID_METHOD']) {
        answerClientError(Object.assign(new Error(code), { code }), socket)
      }
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const answer = await text(connect((server.address() as AddressInfo).port, '127.0.0.1'))
    server.close()
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 408, code: 'REQUEST_INVALID' })
  })

  it('forbids sniffing, framing, caching and embedding on every answer', async () => {
    for (const path of ['/v1/events', '/nothing', '/%zz', '/v1/events?a=1']) {
      const { head } = await get(path)
      expect(head).toContain('x-content-type-options: nosniff')
      expect(head).toContain("content-security-policy: default-src 'none'; frame-ancestors 'none'")
      expect(head).toContain('cross-origin-resource-policy: same-origin')
      expect(head).toContain('cache-control: no-store')
      expect(head).not.toContain('x-powered-by')
      expect(head).not.toContain('access-control-allow')
    }
  })
})

describe('stopping', () => {
  it('answers STOPPING on connections that are still open, and finishes what is under way', async () => {
    const gate = Promise.withResolvers<undefined>()
    const asked = Promise.withResolvers<undefined>()
    const event = () => {
      asked.resolve(undefined)
      return gate.promise
    }
    const begun = Promise.withResolvers<undefined>()
    const plugin: ApiPlugin = async (instance) => {
      instance.addHook('preClose', (done) => {
        begun.resolve(undefined)
        done()
      })
      await Promise.resolve()
    }
    const stopping = await createTestApp({ reader: { ...createMemoryReader([]), event }, plugins: [plugin] })
    await stopping.listen({ host: '127.0.0.1', port: 0 })
    const address = new URL(stopping.listeningOrigin)
    const socket = connect(Number(address.port), '127.0.0.1')
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`
    socket.write(request(`/v1/events/${'0'.repeat(32)}`))
    await asked.promise
    const closed = stopping.close()
    await begun.promise
    const refused = new Promise((resolve) => stopping.server.once('request', resolve))
    socket.write(request('/v1/events'))
    await refused
    gate.resolve(undefined)
    const answers = await text(socket)
    await closed
    expect(answers).toMatch(/^HTTP\/1\.1 404 /)
    expect(answers).toContain('HTTP/1.1 503 ')
    expect(answers).toContain('"code":"STOPPING"')
    expect(answers.toLowerCase()).toContain('retry-after: 5')
  })
})

describe('ETag', () => {
  it.each([
    '/v1/catalog',
    '/v1/catalog?status=legacy',
    '/v1/catalog/known-1098-0xcaa5001c',
    '/v1/codes/5',
    '/openapi.json',
    '/',
  ])('%s is sent once and then only confirmed', async (url) => {
    const first = await app.inject(url)
    const tag = String(first.headers.etag)
    expect(tag).toMatch(/^"[\w-]{27}"$/)
    expect(first.headers['cache-control']).toBe('no-cache')
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      for (const method of ['GET', 'HEAD'] as const) {
        const again = await app.inject({ method, url, headers: { 'if-none-match': header } })
        expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', tag])
      }
    }
    expect((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode).toBe(200)
  })

  it('differs where the answer does, and events have none', async () => {
    const all = await app.inject('/v1/catalog')
    const legacy = await app.inject('/v1/catalog?status=legacy')
    expect(all.headers.etag).not.toBe(legacy.headers.etag)
    expect((await app.inject('/v1/events')).headers.etag).toBeUndefined()
    expect((await app.inject('/v1/codes/nonsense')).headers.etag).toBeUndefined()
  })
})
