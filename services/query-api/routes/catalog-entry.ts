/** GET /v1/catalog/{id}: one entry with the codes that point to it and the titles of its sources. */
import { Type } from 'typebox'
import type { CatalogEntryDetail } from '../../../schemas/api/catalog-answers.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { AppError } from '../../runtime/errors.ts'
import { nearestName } from '../../runtime/nearest-name.ts'
import type { Api, RouteDeps } from '../api.ts'
import { problemResponses } from '../problem-responses.ts'
import { quote } from '../request-error.ts'

const schema = {
  operationId: 'getCatalogEntry',
  tags: ['Catalog'],
  summary: 'One known cause, check or remark',
  params: Type.Object({
    id: Type.String({
      description: 'The `entry` of a verdict.',
      examples: ['known-1098-0xcaa5001c'],
    }),
  }),
  querystring: noParameters,
  response: {
    200: Type.Unsafe<CatalogEntryDetail>({ $ref: 'CatalogEntryDetail#' }),
    ...problemResponses([400, 404]),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'What a verdict means and what to do',
      source: `curl -s http://127.0.0.1:8080/v1/catalog/known-1098-0xcaa5001c`,
    },
  ],
} as const

export function addCatalogEntryRoute(app: Api, { catalog }: RouteDeps): void {
  app.get('/v1/catalog/:id', { schema, config: { isStatic: true } }, function getCatalogEntry({ params }) {
    const entry = catalog.entries.get(params.id)
    if (entry === undefined) {
      const nearest = nearestName(params.id, [...catalog.entries.keys()])
      const hint = nearest === undefined ? '/v1/catalog lists all' : `did you mean ${nearest}?`
      throw new AppError('NOT_FOUND', `the catalog has no entry ${quote(params.id)}; ${hint}`)
    }
    const codes = [...catalog.codes.values()].filter((code) => code.entries.includes(entry.id)).map(({ code }) => code)
    const sources = Object.fromEntries(entry.sources.map((name) => [name, catalog.sources.get(name) ?? name]))
    return Promise.resolve({ version: catalog.version, entry, codes, sources })
  })
}
