/** GET /v1/events: the events that match, newest first, a page at a time. */
import { Type } from 'typebox'
import { filterParameters, pageParameters, timeParameters } from '../../../schemas/api/parameters.ts'
import type { EventPage } from '../../../schemas/api/queries.ts'
import type { Api, RouteDeps } from '../api.ts'
import { parseFilters } from '../parameters/filters.ts'
import { pageOf } from '../parameters/page.ts'
import { parseTimeRange } from '../parameters/time.ts'
import { problemResponses, STORE_PROBLEMS } from '../../../schemas/api/problem-responses.ts'

const schema = {
  operationId: 'listEvents',
  tags: ['Events'],
  summary: 'Events with their verdicts, newest first',
  description:
    'Every column is a filter. A repeated parameter means any of its values, an empty one (`entry=`) means no value, `not.` in front leaves out. Different parameters must all hold.',
  querystring: Type.Object(
    {
      ...timeParameters,
      ...pageParameters('events'),
      ...filterParameters,
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Unsafe<EventPage>({ $ref: 'EventPage#' }),
    ...problemResponses(STORE_PROBLEMS),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'Failures of roaming without a known cause since 1 November',
      source: `curl -s 'http://127.0.0.1:8080/v1/events?scope=roaming&outcome=failure&entry=&from=2026-11-01&limit=10'`,
    },
    {
      lang: 'Shell',
      label: 'One error on two devices, in any spelling of the code',
      source: `curl -s 'http://127.0.0.1:8080/v1/events?code=-895156196&device=device-01&device=device-02'`,
    },
  ],
} as const

export function addEventsRoute(app: Api, { reader, tenant }: RouteDeps): void {
  app.get('/v1/events', { schema }, async function listEvents({ query }) {
    return reader.events({
      tenant,
      ...parseTimeRange(query),
      filters: parseFilters(query),
      ...pageOf(query),
    })
  })
}
