/** The OpenAPI document: made of the routes' schemas, so it cannot say anything else than the code does. */
import swagger from '@fastify/swagger'
import { CatalogEntryAnswer, CatalogEntryDetail, CatalogList } from '../../../schemas/api/catalog-answers.ts'
import { Alive, Ready } from '../../../schemas/api/health.ts'
import { Problem } from '../../../schemas/api/problem.ts'
import { EventPage, Trend } from '../../../schemas/api/queries.ts'
import { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import type { Api } from '../api.ts'

/** Shapes with a name of their own in the document. */
export const COMPONENTS = [
  Alive,
  CatalogEntryAnswer,
  CatalogEntryDetail,
  CatalogList,
  ClassifiedEvent,
  EventPage,
  Problem,
  Ready,
  Trend,
] as const

const TAGS = [
  { name: 'Events', description: 'What the devices logged, each event with its verdict.' },
  { name: 'Trends', description: 'How often, over time and by group.' },
  { name: 'Catalog', description: 'What a known cause or an error code means, and what to do.' },
  { name: 'Health', description: 'For supervisors and load balancers.' },
  { name: 'About', description: 'This API itself.' },
]

export function useOpenApi(app: Api, version: string): void {
  for (const component of COMPONENTS) app.addSchema(component)
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roamwatch API',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        description:
          'Which known problem of Windows settings roaming is this, on how many devices, since when? Times are ISO 8601 UTC, `from` is inclusive and `to` exclusive. Failures are problem details (RFC 9457) with a fixed `code`.',
      },
      tags: TAGS,
    },
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema-${index}`,
    },
  })
}
