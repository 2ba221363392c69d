/** The OpenAPI document: made of the routes' schemas, so it cannot say anything else than the code does. */
import swagger from '@fastify/swagger'
import { CatalogEntryAnswer, CatalogEntryDetail, CatalogList } from '../../../schemas/api/catalog-answers.ts'
import { DeadLetterPage, DeadLetterSummary, ReplayResult, StoredDeadLetter } from '../../../schemas/api/dead-letters.ts'
import { CodeAnswer, CodeDescription } from '../../../schemas/api/code-answer.ts'
import { EXAMPLE_EVENT } from '../../../schemas/api/example-event.ts'
import { Alive, Ready } from '../../../schemas/api/health.ts'
import { Problem } from '../../../schemas/api/problem.ts'
import { EventPage, Trend } from '../../../schemas/api/queries.ts'
import { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import type { Catalog } from '../../../schemas/catalog/catalog.ts'
import { explain } from '../../../schemas/catalog/explain.ts'
import type { Api } from '../api.ts'

/** Shapes with a name of their own in the document. */
export const COMPONENTS = {
  Alive,
  CatalogEntry: CatalogEntryAnswer,
  CatalogEntryDetail,
  CatalogList,
  ClassifiedEvent,
  CodeAnswer,
  CodeDescription,
  DeadLetterPage,
  DeadLetterSummary,
  EventPage,
  Problem,
  Ready,
  ReplayResult,
  StoredDeadLetter,
  Trend,
} as const

const TAGS = [
  { name: 'Events', description: 'What the devices logged, each event with its verdict.' },
  { name: 'Trends', description: 'How often, over time and by group.' },
  {
    name: 'Dead letters',
    description: 'Records that could not become an event: what they are, and what to do with them.',
  },
  { name: 'Catalog', description: 'What a known cause or an error code means, and what to do.' },
  { name: 'Health', description: 'For supervisors and load balancers.' },
  { name: 'About', description: 'This API itself.' },
]

export function useOpenApi(app: Api, catalog: Catalog, version: string): void {
  const examples = examplesOf(catalog)
  for (const [name, component] of Object.entries(COMPONENTS)) {
    const example = examples[name]
    app.addSchema({ ...component, ...(example === undefined ? {} : { examples: [example] }), $id: name })
  }
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

const EXAMPLE_ENTRY = 'known-1098-0xcaa5001c'

/** Real answers, out of the catalog that the app answers with. */
function examplesOf(catalog: Catalog): Readonly<Record<string, unknown>> {
  const explained = explain(catalog, EXAMPLE_ENTRY)
  const code = explain(catalog, '0xCAA5001C')
  if (explained?.kind !== 'entry' || code === undefined) return { ClassifiedEvent: EXAMPLE_EVENT }
  const { entry, codes, sources } = explained
  const { version } = catalog
  return {
    ClassifiedEvent: EXAMPLE_EVENT,
    CatalogList: { version, entries: [entry] },
    CatalogEntryDetail: {
      version,
      entry,
      codes: codes.map(({ code, symbol, cause }) => ({ code, symbol, cause })),
      sources,
    },
    CodeAnswer: code,
  }
}
