import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Problem } from '../../../../schemas/api/problem.ts'
import { AppError, ERROR_CODES, type ErrorCode } from '../../../../services/runtime/errors.ts'
import type { Api } from '../../../../services/query-api/api.ts'
import { createMemoryReader } from '../../../support/memory-reader.ts'
import { sampleEvent } from './sample-events.ts'
import { type Answer, createJudge, createTestApp, documentOf } from './test-app.ts'

let app: Api
let judge: Awaited<ReturnType<typeof createJudge>>
beforeAll(async () => {
  app = await createTestApp()
  judge = await createJudge(app)
})
afterAll(() => app.close())

function problem(answer: Answer): Problem {
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  const body = answer.json<Problem>()
  expect(body.status).toBe(answer.statusCode)
  expect(body.type).toBe(`urn:roamwatch:error:${body.code}`)
  expect(body.title).toBe(ERROR_CODES[body.code as ErrorCode])
  expect(body.instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  return body
}

describe('a wrong parameter is refused with its name, what it may be and what it was', () => {
  it.each([
    ['/v1/events?outcom=x', 'there is no parameter "outcom"; did you mean outcome?'],
    ['/v1/events?not.outcom=x', 'there is no parameter "not.outcom"; did you mean not.outcome?'],
    ['/v1/events?event_id[]=1', 'there is no parameter "event_id[]"; did you mean event_id?'],
    ['/v1/events?OUTCOME=failure', 'there is no parameter "OUTCOME"; there are from'],
    ['/v1/events?__proto__=1', 'there is no parameter "__proto__"; there are from'],
    ['/v1/events?constructor=1&toString=2', 'there is no parameter "constructor"'],
    ['/v1/events?__proto__[limit]=1', 'there is no parameter "__proto__[limit]"'],
    ['/v1/events?=1', 'there is no parameter ""'],
    ['/v1/events?outcome=bad', 'outcome must be one of failure, success, notice; it was "bad"'],
    ['/v1/events?outcome=', 'outcome must be one of failure, success, notice; it was ""'],
    ['/v1/events?outcome=failure&outcome=bad', 'outcome must be one of failure, success, notice; it was "bad"'],
    ['/v1/events?transient=perhaps', 'transient must be one of yes, maybe, no, or empty for events without one'],
    ['/v1/events?event_id=65536', 'event_id must be a whole number from 0 to 65535; it was "65536"'],
    ['/v1/events?event_id=1e2', 'event_id must be a whole number'],
    ['/v1/events?event_id=%2D1', 'event_id must be a whole number'],
    ['/v1/events?event_id=%EF%BC%91', 'event_id must be a whole number'],
    ['/v1/events?event_id=', 'event_id must be a whole number from 0 to 65535; it was ""'],
    ['/v1/events?not.level=256', 'not.level must be a whole number from 0 to 255, or empty for events without one'],
    ['/v1/events?record_id=18446744073709551616', 'record_id must be a whole number from 0 to 18446744073709551615'],
    ['/v1/events?event_key=zz', 'event_key must be 32 hex digits; it was "zz"'],
    ['/v1/events?code=hello', 'code must be an error code in any spelling'],
    ['/v1/events?aadsts=AADSTS1', 'aadsts must be a number such as 50076 or AADSTS50076'],
    ['/v1/events?keywords=12', 'keywords must be 0x and up to 16 hex digits'],
    ['/v1/events?activity_id=1', 'activity_id must be a GUID'],
    ['/v1/events?limit=0', 'limit must be a whole number from 1 to 1000; it was "0"'],
    ['/v1/events?limit=1001', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=1.5', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=ten', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=1&limit=2', 'limit may be given only once'],
    ['/v1/events?cursor=', 'cursor must be the `next` of a page'],
    ["/v1/events?cursor=a'b", 'cursor must be the `next` of a page'],
    ['/v1/events?cursor=AAAA', 'the cursor is not one that was given'],
    ['/v1/events?cursor=a&cursor=b', 'cursor may be given only once'],
    [`/v1/events?${'device=d&'.repeat(101)}`, 'device may be given at most 100 times'],
    ['/v1/events?from=yesterday', 'from must be a time such as 2026-11-01 or 2026-11-01T08:00:00Z; it was "yesterday"'],
    ['/v1/events?from=2026-11-01T08:00:00', 'end it with Z for UTC'],
    ['/v1/events?from=2026-11-01T08:00:00+02:00', 'write + as %2B'],
    ['/v1/events?from=2026-02-30', 'from must be a time'],
    ['/v1/events?from=2026-11-01T24:00:00Z', 'from must be a time'],
    ['/v1/events?from=2026-11-01T23:59:60Z', 'from must be a time'],
    ['/v1/events?from=2026-11-01T00:00:00.12345678Z', 'from must be a time'],
    ['/v1/events?to=2026-11-01T00:00:00%2B15:00', 'to must be a time'],
    ['/v1/events?from=1601-01-01', 'from must be from 1990-01-01T00:00:00Z to 2100-01-01T00:00:00Z'],
    ['/v1/events?to=9999-12-31T23:59:59Z', 'to must be from 1990-01-01T00:00:00Z to 2100-01-01T00:00:00Z'],
    ['/v1/events?from=%2B275760-09-13', 'from must be a time'],
    ['/v1/events?from=0', 'from must be a time'],
    [
      '/v1/events?from=2026-11-02&to=2026-11-01',
      'from (2026-11-02T00:00:00Z) must lie before to (2026-11-01T00:00:00Z)',
    ],
    ['/v1/events?from=2026-11-01T00:00:00.5Z&to=2026-11-01', 'must lie before to'],
    ['/v1/trends?from=2026-11-01&to=2026-11-01', 'must lie before to'],
    ['/v1/trends?from=2026-12-01', 'must lie before to'],
    ['/v1/trends?measure=cats', 'measure must be one of events, failures, devices, users; it was "cats"'],
    ['/v1/trends?interval=5m', 'interval must be one of 1h, 6h, 1d, 1w; it was "5m"'],
    ['/v1/trends?interval=1h&interval=1d', 'interval may be given only once'],
    ['/v1/trends?group_by=entri', 'group_by cannot be "entri"; did you mean entry?'],
    ['/v1/trends?group_by=message', 'group_by cannot be "message"; there are computer'],
    ['/v1/trends?group_by=entry,', 'group_by cannot be ""'],
    ['/v1/trends?group_by=entry,entry', 'group_by names a column twice'],
    ['/v1/trends?group_by=entry,code,level,user,device', 'group_by has 5 columns; at most 4 are taken'],
    ['/v1/trends?group_by=constructor', 'group_by cannot be "constructor"'],
    [
      '/v1/trends?time_zone=Mars/Olympus',
      'time_zone must be an IANA zone such as Europe/Amsterdam; it was "Mars/Olympus"',
    ],
    ['/v1/trends?time_zone=%2B02:00', 'time_zone must be an IANA zone'],
    ["/v1/trends?time_zone=UTC')%20--", 'time_zone must be an IANA zone'],
    ['/v1/trends?time_zone=', 'time_zone must be an IANA zone'],
    [
      '/v1/trends?from=1990-01-01&to=2099-12-31',
      'points; at most 10000 are given. Narrow the range or take a wider interval',
    ],
    ['/v1/trends?limit=1', 'there is no parameter "limit"'],
    ['/v1/catalog?kind=z', 'kind must be one of scope-note'],
    ['/v1/catalog?statu=legacy', 'there is no parameter "statu"; did you mean status?'],
    ['/v1/catalog/x?a=1', 'there is no parameter "a"; this route takes none'],
    ['/v1/codes/1?a=1', 'there is no parameter "a"; this route takes none'],
    ['/healthz?a', 'this route takes none'],
    ['/readyz?a', 'this route takes none'],
    ['/openapi.json?a', 'this route takes none'],
    ['/v1/events/xyz', 'event_key must be 32 hex digits; it was "xyz"'],
    [`/v1/events/${'0'.repeat(32)}?limit=1`, 'this route takes none'],
  ])('%s', async (url, detail) => {
    const answer = await app.inject(url)
    const body = problem(answer)
    expect(body.detail).toContain(detail)
    expect([body.status, body.code]).toEqual([400, 'REQUEST_INVALID'])
    expect(answer.headers['cache-control']).toBe('no-store')
    const path = url.split('?')[0] ?? ''
    expect(
      judge(
        path.replace(/(events|codes|catalog)\/.*/, (_, name: string) => `${name}/{${PARAMETER[name] ?? ''}}`),
        answer,
      ),
    ).toEqual([])
  })
  const PARAMETER: Record<string, string> = { events: 'event_key', codes: 'code', catalog: 'id' }
})

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
    expect(problem(answer).detail).toContain(detail)
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
        problem(answer)
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
    if (status === 406) expect(problem(answer).detail).toContain('application/json')
    expect(judge('/healthz', answer)).toEqual([])
  })

  it('the reference page is HTML and nothing else', async () => {
    expect((await app.inject({ url: '/', headers: { accept: 'text/html' } })).statusCode).toBe(200)
    expect((await app.inject({ url: '/', headers: { accept: 'application/json' } })).statusCode).toBe(406)
  })
})

describe('failures of the store', () => {
  const failing = async (error: unknown): Promise<Api> => {
    const fail = () => Promise.reject(error instanceof Error ? error : new Error(String(error)))
    return createTestApp({ reader: { events: fail, event: fail, trend: fail, ping: fail } })
  }

  it.each([
    ['STORE_UNAVAILABLE', 503, '5'],
    ['STORE_REFUSED', 502, undefined],
    ['QUERY_TIMEOUT', 504, undefined],
    ['QUERY_INVALID', 400, undefined],
    ['QUERY_REFUSED', 403, undefined],
    ['OVERLOADED', 429, '1'],
    ['STOPPING', 503, '5'],
    ['BODY_TOO_LARGE', 413, undefined],
    ['BODY_UNREADABLE', 400, undefined],
    ['NOT_FOUND', 404, undefined],
  ] as const)('%s becomes %i', async (code, status, retryAfter) => {
    const down = await failing(new AppError(code, 'in words of ours'))
    for (const [path, url] of [
      ['/v1/events', '/v1/events'],
      ['/v1/events/{event_key}', `/v1/events/${'0'.repeat(32)}`],
      ['/v1/trends', '/v1/trends'],
    ] as const) {
      const answer = await down.inject(url)
      expect(problem(answer)).toMatchObject({ status, code, detail: 'in words of ours' })
      expect(answer.headers['retry-after']).toBe(retryAfter)
      expect(judge(path, answer)).toEqual([])
    }
    await down.close()
  })

  it.each([
    new Error('password=hunter2 at 10.0.0.5'),
    new AppError('SETTINGS_INVALID', 'hunter2'),
    Object.assign(new Error('hunter2'), { statusCode: 418 }),
  ])('anything else is INTERNAL and says nothing of its inside: %s', async (error) => {
    const broken = await failing(error)
    const answer = await broken.inject('/v1/events')
    const body = problem(answer)
    expect([body.status, body.code]).toEqual([500, 'INTERNAL'])
    expect(answer.body).not.toContain('hunter2')
    expect(body.detail).toContain(body.instance.replace('urn:uuid:', ''))
    expect(judge('/v1/events', answer)).toEqual([])
    await broken.close()
  })

  it('/readyz says which part is missing and why, /healthz still answers', async () => {
    const down = await failing(new AppError('STORE_UNAVAILABLE', 'ClickHouse does not answer at all'))
    const answer = await down.inject('/readyz')
    expect(problem(answer)).toMatchObject({
      status: 503,
      code: 'STORE_UNAVAILABLE',
      detail: 'store: ClickHouse does not answer at all',
      checks: [{ name: 'store', ok: false, detail: 'ClickHouse does not answer at all' }],
    })
    expect(answer.headers['retry-after']).toBe('5')
    expect(judge('/readyz', answer)).toEqual([])
    expect((await down.inject('/healthz')).statusCode).toBe(200)
    await down.close()
  })

  it('/readyz runs the checks it was given, and leaves out what others say', async () => {
    const health = [
      { name: 'transport', check: () => Promise.resolve() },
      { name: 'disk', check: () => Promise.reject(new Error('hunter2')) },
    ]
    const partly = await createTestApp({ health })
    const answer = await partly.inject('/readyz')
    expect(problem(answer).checks).toEqual([
      { name: 'store', ok: true, detail: null },
      { name: 'transport', ok: true, detail: null },
      { name: 'disk', ok: false, detail: 'failed; the log says why' },
    ])
    expect(answer.body).not.toContain('hunter2')
    await partly.close()
  })

  it('more questions at a time than may be are refused, and their number does not leak', async () => {
    const gate = Promise.withResolvers<undefined>()
    const event = vi.fn(() => gate.promise)
    const reader = { ...createMemoryReader([]), event }
    const small = await createTestApp({ reader, maxConcurrentReads: 2 })
    const url = `/v1/events/${'0'.repeat(32)}`
    const held = Promise.all([small.inject(url), small.inject(url)])
    await vi.waitFor(() => expect(event).toHaveBeenCalledTimes(2))
    const refused = await small.inject('/v1/events')
    expect(problem(refused)).toMatchObject({ status: 429, code: 'OVERLOADED' })
    expect(refused.headers['retry-after']).toBe('1')
    gate.resolve(undefined)
    expect((await held).map(({ statusCode }) => statusCode)).toEqual([404, 404])
    expect((await small.inject('/v1/events')).statusCode).toBe(200)
    await small.close()
  })
})

it('a trend of more series than a reader can use is refused', async () => {
  const events = Array.from({ length: 40 }, (_, number) => sampleEvent(number, { device: `device-${number}` }))
  const large = await createTestApp({ reader: createMemoryReader(events) })
  const year = '/v1/trends?group_by=device&from=2026-01-01&to=2026-12-31&interval='
  expect(problem(await large.inject(`${year}1h`)).detail).toContain('the answer would have 40 series; at most 22')
  expect((await large.inject(`${year}1d`)).statusCode).toBe(200)
  await large.close()
})

it('every status that the document names for a route is one that the tests above meet', async () => {
  const { paths } = await documentOf(app)
  const statuses = Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ responses }) => Object.keys(responses)),
  )
  expect([...new Set(statuses)].sort()).toEqual(['200', '400', '404', '429', '502', '503', '504', 'default'])
})
