/** GET /healthz: the process answers. */
import { Type } from 'typebox'
import type { Alive } from '../../../schemas/api/health.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import type { Api } from '../api.ts'
import { problemResponses } from '../../../schemas/api/problem-responses.ts'

const schema = {
  operationId: 'isAlive',
  tags: ['Health'],
  summary: 'Is the process alive?',
  description: 'For a supervisor: restart the process when this fails. It asks nothing of the store.',
  querystring: noParameters,
  response: {
    200: Type.Unsafe<Alive>({ $ref: 'Alive#' }),
    ...problemResponses([400]),
  },
  'x-codeSamples': [{ lang: 'Shell', label: 'Alive?', source: 'curl -s http://127.0.0.1:8080/healthz' }],
} as const

export function addHealthzRoute(app: Api): void {
  app.get('/healthz', { schema }, function isAlive() {
    return Promise.resolve({ status: 'alive' as const })
  })
}
