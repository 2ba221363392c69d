import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api, DeadLetterDesk } from '../../../../services/query-api/api.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import { createTestApp, documentOf } from './test-app.ts'

const KEY = '9b0f2c1de58a4f7d8c3e6a5b4d2f1e0c'
const ROUTES = [
  ['get', '/v1/dead-letters'],
  ['get', '/v1/dead-letters/{key}'],
  ['post', '/v1/dead-letters/{key}/replay'],
  ['post', '/v1/dead-letters/{key}/discard'],
] as const

/** Answers nothing: whoever asks waits until `release`. */
function slowDesk() {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const desk: DeadLetterDesk = {
    list: async () => {
      await promise
      return { dead_letters: [], next: null }
    },
    get: () => promise,
    replay: (_tenant, key) =>
      Promise.resolve({
        dead_letter_key: key,
        outcome: 'queued',
        events: 1,
        stored: 0,
        duplicates: 0,
        reason: null,
        detail: null,
      }),
    discard: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'away', { retryable: true })),
  }
  return { desk, release: () => resolve(undefined) }
}

describe('the routes of dead letters', () => {
  const { desk, release } = slowDesk()
  let app: Api
  beforeAll(async () => {
    app = await createTestApp({ deadLetters: desk, maxConcurrentReads: 2 })
  })
  afterAll(() => app.close())

  it('stand in a valid document and on the reference page, each with an example call', async () => {
    const document = await documentOf(app)
    expect((await new Validator().validate(structuredClone(document))).errors).toBeUndefined()
    const { body: page } = await app.inject('/')
    for (const [method, path] of ROUTES) {
      const operation = document.paths[path]?.[method]
      expect(operation?.['x-codeSamples']?.length, path).toBeGreaterThan(0)
      expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(['200', '400', '429', '503']))
      expect(page).toContain(path)
    }
  })

  it('are not there where nobody can work on dead letters', async () => {
    const without = await createTestApp()
    expect((await without.inject('/v1/dead-letters')).statusCode).toBe(404)
    await without.close()
  })

  it('answer 202 for what is safe with the queue and not stored yet', async () => {
    const answer = await app.inject({ method: 'POST', url: `/v1/dead-letters/${KEY}/replay` })
    expect([answer.statusCode, answer.json()]).toMatchObject([202, { outcome: 'queued', dead_letter_key: KEY }])
  })

  it('ask to come again when the store is away', async () => {
    const url = `/v1/dead-letters/${KEY}/discard`
    const answer = await app.inject({ method: 'POST', url, payload: { reason: 'x' } })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5'])
  })

  it('refuse a page of another site, which could otherwise make a browser discard letters', async () => {
    const url = `/v1/dead-letters/${KEY}/discard`
    const headers = { origin: 'https://evil.example' }
    const answer = await app.inject({ method: 'POST', url, payload: { reason: 'x' }, headers })
    expect(answer.statusCode).toBe(403)
  })

  it('share the limit of questions to the store with all others', async () => {
    // `inject` sends nothing before somebody asks for its answer.
    const statusOf = async (url: string): Promise<number> => (await app.inject(url)).statusCode
    const waiting = [statusOf('/v1/dead-letters'), statusOf(`/v1/dead-letters/${KEY}`)]
    expect(await statusOf('/v1/dead-letters')).toBe(429)
    expect(await statusOf('/v1/events')).toBe(429)
    release()
    expect(await Promise.all(waiting)).toEqual([200, 404])
    expect(await statusOf('/v1/events')).toBe(200)
  })
})
