import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpGateway } from '../../../../collectors/http-gateway/http-gateway.ts'
import { createIntake } from '../../../../collectors/intake.ts'
import { FILTER_COLUMNS } from '../../../../schemas/api/queries.ts'
import type { Api } from '../../../../services/query-api/api.ts'
import { COMPONENTS } from '../../../../services/query-api/plugins/openapi.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import { CATALOG, createTestApp, documentOf, type Operation } from './test-app.ts'

let app: Api
let document: Awaited<ReturnType<typeof documentOf>>
beforeAll(async () => {
  app = await createTestApp({
    plugins: [
      async (instance) => {
        instance.post('/v1/things', { schema: { tags: ['Events'], summary: 'Of another stage' } }, () => 'ok')
        await Promise.resolve()
      },
    ],
  })
  document = await documentOf(app)
})
afterAll(() => app.close())

const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  )

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const result = await validator.validate(structuredClone(document))
    expect(result.errors).toBeUndefined()
    expect(result.valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })

  it('has the routes of this API and those that other stages bring, and no others', () => {
    expect(
      operations()
        .map(([name]) => name)
        .sort(),
    ).toEqual([
      'get /healthz',
      'get /openapi.json',
      'get /readyz',
      'get /v1/catalog',
      'get /v1/catalog/{id}',
      'get /v1/codes/{code}',
      'get /v1/events',
      'get /v1/events/{event_key}',
      'get /v1/trends',
      'post /v1/things',
    ])
  })

  it('names its shapes, and every reference leads to one', () => {
    expect(Object.keys(document.components.schemas).sort()).toEqual(Object.keys(COMPONENTS).sort())
    const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)
    for (const [, reference = ''] of references) {
      expect(document.components.schemas).toHaveProperty(reference.replace('#/components/schemas/', ''))
    }
  })

  it('has a filter and its negation for every column, none of them required', () => {
    for (const path of ['/v1/events', '/v1/trends']) {
      const parameters = document.paths[path]?.['get']?.parameters ?? []
      const names = parameters.map(({ name }) => name)
      for (const column of FILTER_COLUMNS) expect(names).toEqual(expect.arrayContaining([column, `not.${column}`]))
      expect(parameters.filter(({ required }) => required === true)).toEqual([])
    }
  })

  it('has examples that are as the shapes say', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'openapi')
    const withExample = Object.entries(document.components.schemas).filter(([, schema]) => 'examples' in schema)
    expect(withExample.map(([name]) => name)).toEqual(
      expect.arrayContaining(['EventPage', 'Trend', 'CatalogList', 'CatalogEntryDetail', 'CodeAnswer', 'Problem']),
    )
    for (const [name, schema] of withExample) {
      const validate = ajv.getSchema(`openapi#/components/schemas/${name}`)
      for (const example of (schema as { examples: unknown[] }).examples) {
        expect(validate?.(example), `${name}: ${JSON.stringify(validate?.errors)}`).toBe(true)
      }
    }
  })

  it('has an example call for every route of ours, and each of them works', async () => {
    for (const [name, operation] of operations().filter(([name]) => name !== 'post /v1/things')) {
      const samples = operation['x-codeSamples'] ?? []
      expect(samples.length, name).toBeGreaterThan(0)
      for (const { source } of samples) {
        const [, url = ''] = /^curl -s '?http:\/\/127\.0\.0\.1:8080([^' ]*)'?/.exec(source) ?? []
        const answer = await app.inject(url)
        // The sample event is not in this store; everything else is answered.
        expect([url.startsWith('/v1/events/') ? 404 : 200], source).toEqual([answer.statusCode])
      }
    }
  })
})

describe('a plugin of another stage', () => {
  it('the HTTP gateway stands in the document and on the reference page, and the whole is still valid', async () => {
    const intake = createIntake({
      catalog: CATALOG,
      tenant: 'default',
      keep: 'known',
      sourceKind: 'http',
      clock: Date.now,
    })
    const sink = { send: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })) }
    const whole = await createTestApp({ plugins: [createHttpGateway({ intake, sink, clock: Date.now })] })
    const { paths, ...rest } = await documentOf(whole)
    expect((await new Validator().validate(structuredClone({ ...rest, paths }))).errors).toBeUndefined()
    expect(Object.keys(paths['/v1/events'] ?? {}).sort()).toEqual(['get', 'post'])
    const page = await whole.inject('/')
    expect(page.body).toContain('<span class="method post">POST</span><span>/v1/events</span>')
    const unreadable = await whole.inject({ method: 'POST', url: '/v1/events', payload: 'neither XML nor JSON' })
    expect([unreadable.statusCode, unreadable.json<{ code: string }>().code]).toEqual([400, 'BODY_UNREADABLE'])
    expect((await whole.inject({ method: 'DELETE', url: '/v1/events' })).headers.allow).toBe('GET, HEAD, POST')
    await whole.close()
  })

  it('is behind the same guards and error handler', async () => {
    expect((await app.inject({ method: 'POST', url: '/v1/things' })).statusCode).toBe(200)
    const foreign = await app.inject({ method: 'POST', url: '/v1/things', headers: { origin: 'https://evil.example' } })
    expect(foreign.statusCode).toBe(403)
    const wrong = await app.inject({ method: 'GET', url: '/v1/things' })
    expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, 'POST'])
    const media = await app.inject({
      method: 'POST',
      url: '/v1/things',
      payload: 'x',
      headers: { 'content-type': 'a/b' },
    })
    expect([media.statusCode, media.json<{ code: string }>().code]).toEqual([415, 'REQUEST_INVALID'])
    const broken = await app.inject({
      method: 'POST',
      url: '/v1/things',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect([broken.statusCode, broken.json<{ code: string }>().code]).toEqual([400, 'BODY_UNREADABLE'])
    const large = await app.inject({ method: 'POST', url: '/v1/things', payload: { a: 'x'.repeat(1024 * 1024) } })
    expect([large.statusCode, large.json<{ code: string }>().code]).toEqual([413, 'BODY_TOO_LARGE'])
  })
})
