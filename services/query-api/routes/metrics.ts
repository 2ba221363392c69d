/** GET /metrics: all metrics of this process, for Prometheus. */
import { Type } from 'typebox'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { problemResponses } from '../../../schemas/api/problem-responses.ts'
import { METRICS_PATH, METRICS_TYPE, type MetricsPage } from '../../runtime/telemetry/metrics-page.ts'
import type { Api } from '../api.ts'

const schema = {
  operationId: 'getMetrics',
  tags: ['Health'],
  summary: 'Metrics of this process',
  description: 'In the text format of Prometheus; docs/metrics.md says what each means.',
  produces: ['text/plain'],
  querystring: noParameters,
  response: { 200: Type.String(), ...problemResponses([400]) },
  'x-codeSamples': [{ lang: 'Shell', label: 'Metrics', source: 'curl -s http://127.0.0.1:8080/metrics' }],
} as const

export function addMetricsRoute(app: Api, metrics: MetricsPage): void {
  app.get(METRICS_PATH, { schema, config: { produces: 'text/plain' } }, async function getMetrics(_request, reply) {
    const page = await metrics()
    void reply
      .type(METRICS_TYPE)
      .header('cache-control', 'no-store')
      .serializer((text) => text as string)
    return page
  })
}
