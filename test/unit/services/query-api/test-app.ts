/** The app over the sample events, and a judge that holds an answer against the OpenAPI document's own schema. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { LightMyRequestResponse as Answer } from 'fastify'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import type { Api, ApiDeps } from '../../../../services/query-api/api.ts'
import { createApp } from '../../../../services/query-api/app.ts'
import { createMemoryReader } from '../../../support/memory-reader.ts'
import { SAMPLE_EVENTS } from './sample-events.ts'

export const CATALOG = loadCatalog()
const NOW = new Date('2026-11-01T02:30:00Z')

export function createTestApp(deps: Partial<ApiDeps> = {}): Promise<Api> {
  return createApp({
    reader: createMemoryReader(SAMPLE_EVENTS),
    catalog: CATALOG,
    tenant: 'default',
    now: () => NOW,
    ...deps,
  })
}

type Document = {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}
export type Operation = {
  readonly operationId?: string
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean }[]
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >
  readonly 'x-codeSamples'?: readonly { readonly source: string }[]
}

export async function documentOf(app: Api): Promise<Document> {
  return (await app.inject('/openapi.json')).json()
}

/** Says what in the answer differs from what the document promises for this path, method and status; [] when nothing. */
export async function createJudge(app: Api): Promise<(path: string, answer: Answer, method?: string) => string[]> {
  const document = await documentOf(app)
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema(document, 'openapi')
  const compile = memoised((schema: string) => ajv.compile(JSON.parse(schema) as object))

  return function judge(path, answer, method = 'get') {
    const responses = document.paths[path]?.[method]?.responses
    const response = responses?.[String(answer.statusCode)] ?? responses?.['default']
    if (response === undefined) return [`${method} ${path} does not document ${answer.statusCode}`]
    const mediaType = String(answer.headers['content-type']).split(';')[0] ?? ''
    const media = response.content?.[mediaType]
    if (media === undefined) return [`${method} ${path} ${answer.statusCode} does not document ${mediaType}`]
    const validate = compile(withAbsoluteRefs(media.schema))
    return validate(answer.json()) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ''}`)
  }
}

function withAbsoluteRefs(schema: object): string {
  return JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')
}

function memoised<V>(make: (key: string) => V): (key: string) => V {
  const made = new Map<string, V>()
  return (key) => {
    const value = made.get(key) ?? make(key)
    made.set(key, value)
    return value
  }
}

export type { Answer }
