import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../../../services/runtime/errors.ts'
import type { Api } from '../../../../services/query-api/api.ts'
import { createMemoryReader } from '../../../support/memory-reader.ts'
import { expectProblem } from './expect-problem.ts'
import { createJudge, createTestApp, documentOf } from './test-app.ts'

let app: Api
let judge: Awaited<ReturnType<typeof createJudge>>
beforeAll(async () => {
  app = await createTestApp()
  judge = await createJudge(app)
})
afterAll(() => app.close())

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
      expect(expectProblem(answer)).toMatchObject({ status, code, detail: 'in words of ours' })
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
    const body = expectProblem(answer)
    expect([body.status, body.code]).toEqual([500, 'INTERNAL'])
    expect(answer.body).not.toContain('hunter2')
    expect(body.detail).toContain(body.instance.replace('urn:uuid:', ''))
    expect(judge('/v1/events', answer)).toEqual([])
    await broken.close()
  })

  it('/readyz says which part is missing and why, /healthz still answers', async () => {
    const down = await failing(new AppError('STORE_UNAVAILABLE', 'ClickHouse does not answer at all'))
    const answer = await down.inject('/readyz')
    expect(expectProblem(answer)).toMatchObject({
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
    expect(expectProblem(answer).checks).toEqual([
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
    expect(expectProblem(refused)).toMatchObject({ status: 429, code: 'OVERLOADED' })
    expect(refused.headers['retry-after']).toBe('1')
    gate.resolve(undefined)
    expect((await held).map(({ statusCode }) => statusCode)).toEqual([404, 404])
    expect((await small.inject('/v1/events')).statusCode).toBe(200)
    await small.close()
  })
})

it('a fault of ours is logged with its cause under the request id of the answer; refusals and users are not', async () => {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const reader = { ...createMemoryReader([]), trend: () => Promise.reject(new Error('the cause')) }
  const logged = await createTestApp({ logger, reader })
  const body = expectProblem(await logged.inject('/v1/trends?user=CONTOSO%5Canna'))
  await logged.inject('/v1/events?nonsense=1')
  await logged.close()
  const entries = lines.map(
    (line) => JSON.parse(line) as { request_id: string; err: { message: string }; code: string },
  )
  expect(entries).toHaveLength(1)
  expect(entries[0]).toMatchObject({ code: 'INTERNAL', err: { message: 'the cause' } })
  expect(`urn:uuid:${entries[0]?.request_id ?? ''}`).toBe(body.instance)
  expect(lines.join()).not.toContain('anna')
})

it('every status that the document names for a route is one that the tests above meet', async () => {
  const { paths } = await documentOf(app)
  const statuses = Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ responses }) => Object.keys(responses)),
  )
  expect([...new Set(statuses)].sort()).toEqual(['200', '400', '404', '429', '502', '503', '504', 'default'])
})
