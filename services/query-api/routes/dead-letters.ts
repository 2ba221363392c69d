/** GET /v1/dead-letters: records that could not become an event, last seen first, a page at a time. */
import { Type } from 'typebox'
import { type DeadLetterPage, REASON_NAMES } from '../../../schemas/api/dead-letters.ts'
import { pageParameters } from '../../../schemas/api/parameters.ts'
import { problemResponses, STORE_PROBLEMS } from '../../../schemas/api/problem-responses.ts'
import { DEAD_LETTER_STATES, type DeadLetterState } from '../../../schemas/dead-letter-action.ts'
import type { Api, DeadLetterDeps } from '../api.ts'
import { pageOf } from '../parameters/page.ts'
import { parseTime } from '../parameters/time.ts'

const MAX_VALUES = 100

function anyOf<T extends string>(values: readonly T[], description: string) {
  const value = Type.Unsafe<T>({ type: 'string', enum: values })
  return Type.Optional(Type.Array(value, { maxItems: MAX_VALUES, description }))
}

const schema = {
  operationId: 'listDeadLetters',
  tags: ['Dead letters'],
  summary: 'Records that could not become an event, last seen first',
  description:
    'Without their bytes, which `/v1/dead-letters/{key}` has. A repeated parameter means any of its values; different parameters must all hold. A letter that is seen again while pages are read moves to the front.',
  querystring: Type.Object(
    {
      state: anyOf<DeadLetterState>(DEAD_LETTER_STATES, 'What has been done about it.'),
      reason: anyOf(REASON_NAMES, 'Why it could not become an event.'),
      source_kind: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 64, title: 'file, http, simulator, kafka or transport' }), {
          maxItems: MAX_VALUES,
          description: 'What kind of source it came from: file, http, simulator, kafka or transport.',
        }),
      ),
      since: Type.Optional(
        Type.String({
          maxLength: 64,
          title: 'a time such as 2026-11-01 or 2026-11-01T08:00:00Z',
          description: 'Last seen then or later: ISO 8601 with a zone, or a date (midnight UTC).',
          examples: ['2026-11-01T00:00:00Z'],
        }),
      ),
      ...pageParameters('letters'),
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Unsafe<DeadLetterPage>({ $ref: 'DeadLetterPage#' }),
    ...problemResponses(STORE_PROBLEMS),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'What waits for somebody, of two reasons',
      source: `curl -s 'http://127.0.0.1:8080/v1/dead-letters?state=open&reason=time_zone_unknown&reason=not_json&limit=10'`,
    },
  ],
} as const

export function addDeadLettersRoute(app: Api, { desk, tenant }: DeadLetterDeps): void {
  app.get('/v1/dead-letters', { schema }, async function listDeadLetters({ query }) {
    const { state, reason, source_kind: sourceKinds, since } = query
    return desk.list({
      tenant,
      ...pageOf(query),
      ...(state === undefined ? {} : { states: state }),
      ...(reason === undefined ? {} : { reasons: reason }),
      ...(sourceKinds === undefined ? {} : { sourceKinds }),
      ...(since === undefined ? {} : { since: parseTime('since', since) }),
    })
  })
}
