/** GET /v1/codes/{code}: what an error code means, in whatever spelling it was copied. */
import { Type } from 'typebox'
import type { CodeAnswer } from '../../../schemas/api/code-answer.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { explain } from '../../../schemas/catalog/explain.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Api, RouteDeps } from '../api.ts'
import { problemResponses } from '../../../schemas/api/problem-responses.ts'
import { quote } from '../request-error.ts'

const schema = {
  operationId: 'explainCode',
  tags: ['Catalog'],
  summary: 'What an error code means',
  description:
    'In any spelling, percent-encoded: `0xCAA5001C`, `-895156196`, `3399811100`, `80070533`, `AADSTS50076`, `FAIL [0x801c0021/0x80072ee2]`, a symbol. A number that the catalog lacks is explained by its family.',
  params: Type.Object({
    code: Type.String({ description: 'The code, percent-encoded.', examples: ['0xCAA5001C'] }),
  }),
  querystring: noParameters,
  response: {
    200: Type.Unsafe<CodeAnswer>({ $ref: 'CodeAnswer#' }),
    ...problemResponses([400, 404]),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'A code as the event log shows it',
      source: `curl -s http://127.0.0.1:8080/v1/codes/-895156196`,
    },
    {
      lang: 'Shell',
      label: 'A pair of codes out of a trace line',
      source: `curl -s 'http://127.0.0.1:8080/v1/codes/FAIL%20%5B0x801c0021%2F0x80072ee2%5D'`,
    },
  ],
} as const

export function addCodeRoute(app: Api, { catalog }: RouteDeps): void {
  app.get('/v1/codes/:code', { schema, config: { isStatic: true } }, function explainCode({ params }) {
    const explanation = explain(catalog, params.code)
    if (explanation?.kind === 'code') return Promise.resolve(explanation)
    const hint =
      explanation === undefined
        ? 'codes look like 0xCAA5001C, -895156196, 3399811100, 80070533 or AADSTS50076'
        : `it is a catalog entry: /v1/catalog/${explanation.entry.id}`
    throw new AppError('NOT_FOUND', `${quote(params.code)} is no error code; ${hint}`)
  })
}
