/** POST /v1/dead-letters/{key}/replay: the record once more, through today's code. */
import { Type } from 'typebox'
import { deadLetterParams, ReplayRequest, type ReplayResult } from '../../../schemas/api/dead-letters.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { problemResponses, STORE_PROBLEMS } from '../../../schemas/api/problem-responses.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Api, DeadLetterDeps } from '../api.ts'

const answer = Type.Unsafe<ReplayResult>({ $ref: 'ReplayResult#' })

const schema = {
  operationId: 'replayDeadLetter',
  tags: ['Dead letters'],
  summary: 'Send a dead letter through today’s code',
  description:
    'Answers 200 when it is settled: `replayed` (its rows are stored), `failed` (it stays open, with the new reason) or `not_replayable`; 202 when it is `queued`: the letter is closed once its rows are stored. Replaying it again stores nothing twice.',
  params: deadLetterParams,
  querystring: noParameters,
  body: ReplayRequest,
  response: { 200: answer, 202: answer, ...problemResponses([404, ...STORE_PROBLEMS]) },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'Replay one letter',
      source: `curl -s -X POST http://127.0.0.1:8080/v1/dead-letters/9b0f2c1de58a4f7d8c3e6a5b4d2f1e0c/replay`,
    },
  ],
} as const

export function addDeadLetterReplayRoute(app: Api, { desk, tenant }: DeadLetterDeps): void {
  app.post('/v1/dead-letters/:key/replay', { schema }, async function replayDeadLetter({ params, body }, reply) {
    const result = await desk.replay(tenant, params.key.toLowerCase(), body?.requested_by ?? 'api')
    if (result === undefined) throw new AppError('NOT_FOUND', `there is no dead letter ${params.key}`)
    return reply.status(result.outcome === 'queued' ? 202 : 200).send(result)
  })
}
