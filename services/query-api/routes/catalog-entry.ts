/** GET /v1/catalog/{id}: one entry with the codes that point to it and the titles of its sources. */
import { Type } from 'typebox'
import type { CatalogEntryDetail } from '../../../schemas/api/catalog-answers.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { explain } from '../../../schemas/catalog/explain.ts'
import { AppError } from '../../runtime/errors.ts'
import { nearestName } from '../../runtime/nearest-name.ts'
import type { Api, RouteDeps } from '../api.ts'
import { problemResponses } from '../../../schemas/api/problem-responses.ts'
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
    const explanation = explain(catalog, params.id)
    if (explanation?.kind !== 'entry') throw notFound(params.id, [...catalog.entries.keys()])
    const { entry, codes, sources } = explanation
    const references = codes.map(({ code, symbol, cause }) => ({ code, symbol, cause }))
    return Promise.resolve({ version: catalog.version, entry, codes: references, sources })
  })
}

function notFound(id: string, known: readonly string[]): AppError {
  const nearest = nearestName(id, known)
  const hint = nearest === undefined ? '/v1/catalog lists all' : `did you mean ${nearest}?`
  return new AppError('NOT_FOUND', `the catalog has no entry ${quote(id)}; ${hint}`)
}
