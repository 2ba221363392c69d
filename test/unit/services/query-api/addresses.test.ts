import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../../../../services/query-api/api.ts'
import { expectProblem } from './expect-problem.ts'
import { createJudge, createTestApp } from './test-app.ts'

let app: Api
let judge: Awaited<ReturnType<typeof createJudge>>
beforeAll(async () => {
  app = await createTestApp()
  judge = await createJudge(app)
})
afterAll(() => app.close())

describe('hostile addresses', () => {
  it.each([
    ['/v1/events?a=%zz', 400, 'not percent-encoded UTF-8'],
    ['/v1/events?device=%FF', 400, 'not percent-encoded UTF-8'],
    ['/v1/events?device=%C0%80', 400, 'not percent-encoded UTF-8'],
    ['/v1/events?device=%ED%A0%80', 400, 'not percent-encoded UTF-8'],
    ['/v1/events?device=%', 400, 'not percent-encoded UTF-8'],
    ['/v1/events?device=a%00b', 400, 'NUL'],
    ['/v1/events?device%00=a', 400, 'NUL'],
    ['/%zz', 400, 'not a valid url'],
    ['/v1/events/%zz', 400, 'not a valid url'],
    [`/v1/events?device=${'x'.repeat(1024 * 1024)}`, 414, 'at most 16384'],
    [`/v1/events?${'&'.repeat(1024 * 1024)}`, 414, 'at most 16384'],
    [`/v1/codes/${'1'.repeat(3000)}`, 414, ''],
    ['/v1/evens', 404, 'did you mean /v1/events?'],
    ['//v1/events', 404, 'did you mean /v1/events?'],
    ['/v1/events/', 400, 'event_key must be'],
    ['/../../etc/passwd', 404, '/ lists what there is'],
    ['/v1/codes/a/b', 404, ''],
    ['/V1/EVENTS', 404, ''],
    ['/favicon.ico', 404, ''],
    ['/__proto__', 404, ''],
  ])('%.60s is refused with %i', async (url, status, detail) => {
    const answer = await app.inject(url)
    expect(answer.statusCode, answer.body).toBe(status)
    expect(expectProblem(answer).detail).toContain(detail)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.body.length).toBeLessThan(2000)
  })

  it('an empty query, empty pairs and a trailing ampersand are no parameters', async () => {
    for (const url of ['/v1/events?', '/v1/events?&&', '/v1/events?limit=1&']) {
      expect((await app.inject(url)).statusCode).toBe(200)
    }
  })

  it('repeating a value changes nothing', async () => {
    const once = await app.inject('/v1/events?level=2')
    const often = await app.inject('/v1/events?level=2&level=2&level=02')
    expect(often.json()).toEqual(once.json())
  })
})

describe('methods', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const)(
    '%s to a reading route is 405 with Allow',
    async (method) => {
      for (const url of ['/v1/events', '/v1/events/abc', '/v1/codes/1', '/', '/readyz']) {
        const answer = await app.inject({ method, url })
        expect(answer.statusCode).toBe(405)
        expect(answer.headers.allow).toBe('GET, HEAD')
        expectProblem(answer)
      }
    },
  )

  it('HEAD gives what GET gives, without the body', async () => {
    for (const url of [
      '/v1/events',
      '/v1/trends',
      '/v1/catalog',
      '/v1/codes/1',
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/',
    ]) {
      const get = await app.inject(url)
      const head = await app.inject({ method: 'HEAD', url })
      expect(head.body).toBe('')
      expect(head.statusCode).toBe(200)
      const { date: _date, ...headers } = head.headers
      expect(get.headers).toMatchObject(headers)
    }
  })

  it('a broken body does not hide that the method is wrong', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/trends',
      payload: '{"a":',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.statusCode).toBe(405)
  })
})

describe('Accept', () => {
  it.each([
    ['*/*', 200],
    ['application/json', 200],
    ['APPLICATION/JSON', 200],
    ['application/*;q=0.1', 200],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 200],
    ['text/html, application/json ; q=0.001', 200],
    ['application/json;charset=utf-8', 200],
    ['', 200],
    [';;;,,,', 200],
    ['garbage', 200],
    ['*/json', 406],
    ['text/html', 406],
    ['application/json;q=0', 406],
    ['application/json;q=0.000, text/csv', 406],
    ['*/*;q=1, application/json;q=0', 406],
    ['application/*, application/json;q=0', 406],
    ['application/xml', 406],
    ['application/json;q=banana', 200],
    [`${'a/b,'.repeat(3000)}application/json`, 200],
  ])('%.60s gives %i', async (accept, status) => {
    const answer = await app.inject({ url: '/healthz', headers: { accept } })
    expect(answer.statusCode, answer.body).toBe(status)
    if (status === 406) expect(expectProblem(answer).detail).toContain('application/json')
    expect(judge('/healthz', answer)).toEqual([])
  })

  it('the reference page is HTML and nothing else', async () => {
    expect((await app.inject({ url: '/', headers: { accept: 'text/html' } })).statusCode).toBe(200)
    expect((await app.inject({ url: '/', headers: { accept: 'application/json' } })).statusCode).toBe(406)
  })
})

it('no address, however strange, is a fault of ours', async () => {
  const pieces = [
    '/v1/',
    'events',
    'trends',
    'catalog',
    'codes',
    '/',
    '?',
    '&',
    '=',
    '%',
    '%00',
    '%25',
    '%2F',
    '%FF',
    'not.',
    'level',
    'code',
    'from',
    'limit',
    'group_by',
    'interval',
    '1',
    '-1',
    '0x80070005',
    '2026-11-01',
    '1e400',
    'NaN',
    '__proto__',
    '[]',
    '{}',
    ';',
    '#',
    '..',
    "'",
    '"',
    '<',
    '\\',
    '+',
    '~',
    'é',
  ]
  let seed = 20_261_101
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  for (let round = 0; round < 1500; round++) {
    const start = ['/v1/events?', '/v1/trends?', '/v1/codes/', '/v1/catalog?', '/v'][random(5)] ?? '/v'
    const url = start + Array.from({ length: random(8) }, () => pieces[random(pieces.length)] ?? '').join('')
    const answer = await app.inject({ url, method: (['GET', 'HEAD', 'POST'] as const)[random(3)] ?? 'GET' })
    expect(answer.statusCode, url).toBeLessThan(500)
    if (answer.statusCode >= 400 && answer.body !== '') expectProblem(answer)
  }
})
