/** GET /: the API's reference for people, made of the OpenAPI document. */
import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import { noParameters } from '../../../schemas/api/parameters.ts'
import type { Api } from '../api.ts'
import { HTTP_FAILURES } from '../plugins/problem-details.ts'
import { EXAMPLE_BASE, type OpenApiDocument } from '../reference/document.ts'
import { PAGE_SCRIPT, PAGE_STYLE } from '../reference/page-style.ts'
import { renderReference } from '../reference/render-reference.ts'

const POLICY = [
  "default-src 'none'",
  `style-src '${digest(PAGE_STYLE)}'`,
  `script-src '${digest(PAGE_SCRIPT)}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function addReferenceRoute(app: Api): void {
  const schema = { hide: true, querystring: noParameters, response: { 200: Type.String() } } as const
  const config = { produces: 'text/html', isStatic: true }

  app.get('/', { schema, config }, function getReference(request, reply) {
    // A host name that is none would end up in calls that people paste into a shell.
    const isPlain = /^[A-Za-z0-9.[\]:-]+$/.test(request.host)
    const base = isPlain ? `${request.protocol}://${request.host}` : EXAMPLE_BASE
    const page = renderReference(app.swagger() as OpenApiDocument, HTTP_FAILURES, base)
    void reply.type('text/html; charset=utf-8').header('content-security-policy', POLICY)
    return Promise.resolve(page)
  })
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
