import { Validator } from '@seriousme/openapi-schema-validator'
import { metrics } from '@opentelemetry/api'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { afterEach, describe, expect, it } from 'vitest'
import { PageReader } from '../../../../services/cli/telemetry/prometheus-reader.ts'
import type { Api } from '../../../../services/query-api/api.ts'
import { checkExposition, readSamples } from '../../../support/check-exposition.ts'
import { createTestApp, documentOf } from './test-app.ts'

const apps: Api[] = []
async function appWith(page?: () => Promise<string>): Promise<Api> {
  const app = await createTestApp(page === undefined ? {} : { metrics: page })
  apps.push(app)
  return app
}
afterEach(async () => {
  metrics.disable()
  for (const app of apps.splice(0)) await app.close()
})
/** What Prometheus 3 sends. */
const ACCEPT =
  'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,application/json;q=0.1,*/*;q=0.1'

describe('GET /metrics of the API', () => {
  it('is the page, whatever Prometheus accepts, and stands in a valid OpenAPI document', async () => {
    const app = await appWith(() => Promise.resolve('a_total 1\n'))
    const answer = await app.inject({ url: '/metrics', headers: { accept: ACCEPT } })
    expect([answer.statusCode, answer.body, answer.headers['content-type']]).toEqual([
      200,
      'a_total 1\n',
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    const document = await documentOf(app)
    expect(Object.keys(document.paths['/metrics']?.['get']?.responses['200']?.content ?? {})).toEqual(['text/plain'])
    expect((await new Validator().validate(structuredClone(document))).valid).toBe(true)
  })

  it('is not there where it is switched off', async () => {
    const answer = await (await appWith()).inject('/metrics')
    expect(answer.statusCode).toBe(404)
  })

  it('a page that fails is a fault of ours, whose words stay in the log', async () => {
    const app = await appWith(() => Promise.reject(new Error('secret words')))
    const answer = await app.inject('/metrics')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('secret')
  })

  it('counts requests by route and status; addresses that callers make up are one series', async () => {
    const reader = new PageReader()
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    const app = await appWith(() => reader.read())
    await app.inject('/v1/catalog')
    await app.inject('/v1/catalog/no-such-entry')
    await app.inject('/v1/events?limit=nonsense')
    for (let at = 0; at < 50; at++) await app.inject(`/no/such/${at}?x=${at}`)
    await app.inject({ url: '/v1/catalog', headers: { host: 'evil.example' } })
    const page = (await app.inject('/metrics')).body
    expect(checkExposition(page)).toEqual([])
    const counts = readSamples(page)
      .filter(({ name }) => name === 'http_server_request_duration_seconds_count')
      .map(({ labels, value }) => [labels['http_route'], labels['http_response_status_code'], value])
    expect(counts).toEqual([
      ['/v1/catalog', '200', 1],
      ['/v1/catalog/:id', '404', 1],
      ['/v1/events', '400', 1],
      [undefined, '404', 50],
      ['/v1/catalog', '421', 1],
    ])
  })
})
