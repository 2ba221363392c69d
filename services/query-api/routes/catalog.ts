/** GET /v1/catalog: the known causes, checks and remarks. */
import { Type } from 'typebox'
import { type CatalogList, catalogParameters } from '../../../schemas/api/catalog-answers.ts'
import type { CatalogEntry } from '../../../schemas/catalog/catalog.ts'
import type { Api, RouteDeps } from '../api.ts'
import { problemResponses } from '../../../schemas/api/problem-responses.ts'

const schema = {
  operationId: 'listCatalog',
  tags: ['Catalog'],
  summary: 'Known causes, checks and remarks',
  description: 'A repeated parameter means any of its values; different ones must all hold.',
  querystring: Type.Object(catalogParameters, { additionalProperties: false }),
  response: {
    200: Type.Unsafe<CatalogList>({ $ref: 'CatalogList#' }),
    ...problemResponses([400]),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'Known issues that speak of a proxy',
      source: `curl -s 'http://127.0.0.1:8080/v1/catalog?kind=known-issue&kind=possible-issue&q=proxy'`,
    },
  ],
} as const

export function addCatalogRoute(app: Api, { catalog }: RouteDeps): void {
  const entries = [...catalog.entries.values()].map((entry) => ({ entry, text: searchable(entry) }))

  app.get('/v1/catalog', { schema, config: { isStatic: true } }, function listCatalog({ query }) {
    const words = (query.q ?? '').toLowerCase().split(/\s+/)
    const found = entries.filter(
      ({ entry, text }) =>
        isOneOf(query.kind, [entry.kind]) &&
        isOneOf(query.category, [entry.category]) &&
        isOneOf(query.engine, entry.engines) &&
        isOneOf(query.status, [entry.status]) &&
        words.every((word) => text.includes(word)),
    )
    return Promise.resolve({ version: catalog.version, entries: found.map(({ entry }) => entry) })
  })
}

function isOneOf(wanted: readonly string[] | undefined, values: readonly string[]): boolean {
  return wanted === undefined || values.some((value) => wanted.includes(value))
}

function searchable(entry: CatalogEntry): string {
  const { id, title, summary, category, next_steps, kb, notes } = entry
  return [id, title, summary, category, ...next_steps, kb, notes].join('\n').toLowerCase()
}
