/** GET /v1/events/{event_key}: one event. */
import { Type } from 'typebox'
import { noParameters } from '../../../schemas/api/parameters.ts'
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Api, RouteDeps } from '../api.ts'
import { problemResponses, STORE_PROBLEMS } from '../../../schemas/api/problem-responses.ts'

const schema = {
  operationId: 'getEvent',
  tags: ['Events'],
  summary: 'One event with its verdict',
  params: Type.Object({
    event_key: Type.String({
      pattern: '^[0-9a-fA-F]{32}$',
      title: '32 hex digits',
      description: 'The `event_key` of an event.',
      examples: ['5f0c6e1c8f0a4d0c9a7be2d61f3b8c44'],
    }),
  }),
  querystring: noParameters,
  response: {
    200: Type.Unsafe<ClassifiedEvent>({ $ref: 'ClassifiedEvent#' }),
    ...problemResponses([404, ...STORE_PROBLEMS]),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'One event by its key',
      source: `curl -s http://127.0.0.1:8080/v1/events/5f0c6e1c8f0a4d0c9a7be2d61f3b8c44`,
    },
  ],
} as const

export function addEventRoute(app: Api, { reader, tenant }: RouteDeps): void {
  app.get('/v1/events/:event_key', { schema }, async function getEvent({ params }) {
    const event = await reader.event(tenant, params.event_key.toLowerCase())
    if (event === undefined) throw new AppError('NOT_FOUND', `there is no event ${params.event_key}`)
    return event
  })
}
