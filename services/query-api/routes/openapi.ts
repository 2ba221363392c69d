/** GET /openapi.json: the OpenAPI 3.1 document of this API. */
import { Type } from 'typebox'
import { noParameters } from '../../../schemas/api/parameters.ts'
import type { Api } from '../api.ts'
import { problemResponses } from '../../../schemas/api/problem-responses.ts'

const schema = {
  operationId: 'getOpenApi',
  tags: ['About'],
  summary: 'This API as an OpenAPI 3.1 document',
  querystring: noParameters,
  response: {
    200: Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'An OpenAPI 3.1 document.' }),
    ...problemResponses([400]),
  },
  'x-codeSamples': [
    { lang: 'Shell', label: 'The document', source: 'curl -s http://127.0.0.1:8080/openapi.json -o roamwatch.json' },
  ],
} as const

export function addOpenApiRoute(app: Api): void {
  app.get('/openapi.json', { schema, config: { isStatic: true } }, function getOpenApi() {
    return Promise.resolve(app.swagger())
  })
}
