/** GET /v1/dead-letters/{key}: one record that could not become an event, with its bytes. */
import { deadLetterParams, type StoredDeadLetter } from '../../../schemas/api/dead-letters.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { problemResponses, STORE_PROBLEMS } from '../../../schemas/api/problem-responses.ts'
import { Type } from 'typebox'
import { AppError } from '../../runtime/errors.ts'
import type { Api, DeadLetterDeps } from '../api.ts'

const schema = {
  operationId: 'getDeadLetter',
  tags: ['Dead letters'],
  summary: 'One dead letter with its bytes',
  params: deadLetterParams,
  querystring: noParameters,
  response: {
    200: Type.Unsafe<StoredDeadLetter>({ $ref: 'StoredDeadLetter#' }),
    ...problemResponses([404, ...STORE_PROBLEMS]),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'The record as it came',
      source: `curl -s http://127.0.0.1:8080/v1/dead-letters/9b0f2c1de58a4f7d8c3e6a5b4d2f1e0c | jq -r .bytes | base64 -d`,
    },
  ],
} as const

export function addDeadLetterRoute(app: Api, { desk, tenant }: DeadLetterDeps): void {
  app.get('/v1/dead-letters/:key', { schema }, async function getDeadLetter({ params }) {
    const letter = await desk.get(tenant, params.key.toLowerCase())
    if (letter === undefined) throw new AppError('NOT_FOUND', `there is no dead letter ${params.key}`)
    return letter
  })
}
