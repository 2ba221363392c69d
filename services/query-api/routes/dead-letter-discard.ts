/** POST /v1/dead-letters/{key}/discard: nobody needs the record. */
import { Type } from 'typebox'
import { deadLetterParams, DiscardRequest, type StoredDeadLetter } from '../../../schemas/api/dead-letters.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { problemResponses, STORE_PROBLEMS } from '../../../schemas/api/problem-responses.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Api, DeadLetterDeps } from '../api.ts'

const schema = {
  operationId: 'discardDeadLetter',
  tags: ['Dead letters'],
  summary: 'Take a dead letter off the list of open ones',
  description:
    'Nothing is deleted: the letter is `discarded`, stays so when it is seen again, and can still be replayed. A letter that was replayed stays `replayed`. A second call changes nothing. Answers with the letter as it is then.',
  params: deadLetterParams,
  querystring: noParameters,
  body: DiscardRequest,
  response: {
    200: Type.Unsafe<StoredDeadLetter>({ $ref: 'StoredDeadLetter#' }),
    ...problemResponses([404, ...STORE_PROBLEMS]),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'Discard one letter',
      source: `curl -s http://127.0.0.1:8080/v1/dead-letters/9b0f2c1de58a4f7d8c3e6a5b4d2f1e0c/discard --json '{"reason":"a test device"}'`,
    },
  ],
} as const

export function addDeadLetterDiscardRoute(app: Api, { desk, tenant }: DeadLetterDeps): void {
  app.post('/v1/dead-letters/:key/discard', { schema }, async function discardDeadLetter({ params, body }) {
    const why = { by: body.requested_by ?? 'api', reason: body.reason }
    const letter = await desk.discard(tenant, params.key.toLowerCase(), why)
    if (letter === undefined) throw new AppError('NOT_FOUND', `there is no dead letter ${params.key}`)
    return letter
  })
}
