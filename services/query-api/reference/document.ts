/** Reads the OpenAPI document into what the reference page shows: operations by tag, their parameters, examples and shapes. */
import type { CodeSample } from '../api.ts'

export type Schema = {
  readonly $ref?: string
  readonly title?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema | false
  readonly prefixItems?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly default?: string | number | boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly examples?: readonly unknown[]
  readonly example?: unknown
}
export type Parameter = {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema?: Schema
  readonly example?: unknown
}
type Media = { readonly schema?: Schema; readonly example?: unknown }
export type Response = { readonly description: string; readonly content?: Readonly<Record<string, Media>> }
type RequestBody = {
  readonly description?: string
  readonly required?: boolean
  readonly content?: Readonly<Record<string, Media>>
}
type OpenApiOperation = {
  readonly operationId?: string
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: RequestBody
  readonly responses?: Readonly<Record<string, Response>>
  readonly 'x-codeSamples'?: readonly CodeSample[]
}
export type OpenApiDocument = {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly tags?: readonly { readonly name: string; readonly description?: string }[]
  readonly paths?: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

/** What a request may carry: the fields of a JSON object, or none where it is of no shape of ours. */
export type Body = {
  readonly description: string
  readonly mediaTypes: readonly string[]
  readonly isRequired: boolean
  readonly fields: readonly Pick<Parameter, 'name' | 'required' | 'description' | 'schema'>[]
}

export type Operation = {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description: string
  readonly parameters: readonly Parameter[]
  readonly body: Body | undefined
  readonly responses: readonly (readonly [status: string, response: Response])[]
  readonly samples: readonly CodeSample[]
}

/** The base of every example call; the page shows the address it was asked under instead. */
export const EXAMPLE_BASE = 'http://127.0.0.1:8080'

export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId ?? `${method}${path.replace(/\W+/g, '-')}`,
      method: method.toUpperCase(),
      path,
      tag: operation.tags?.[0] ?? 'Other',
      summary: operation.summary ?? path,
      description: operation.description ?? '',
      parameters: operation.parameters ?? [],
      body: bodyOf(document, operation.requestBody),
      responses: Object.entries(operation.responses ?? {}),
      samples: operation['x-codeSamples'] ?? [plainSample(method, path)],
    })),
  )
}

function bodyOf(document: OpenApiDocument, body: RequestBody | undefined): Body | undefined {
  if (body === undefined) return undefined
  const [first] = Object.values(body.content ?? {})
  const members = first?.schema?.anyOf ?? [first?.schema]
  const resolved = members.map((member) => document.components?.schemas?.[componentOf(member) ?? ''] ?? member)
  const object = resolved.find((member) => member?.properties !== undefined)
  const fields = Object.entries(object?.properties ?? {}).map(([name, schema]) => ({
    name,
    schema,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    required: object?.required?.includes(name) === true,
  }))
  const mayBeNull = resolved.some((member) => member?.type === 'null')
  return {
    description: body.description ?? '',
    mediaTypes: Object.keys(body.content ?? {}),
    isRequired: body.required !== false && !mayBeNull,
    fields,
  }
}

function plainSample(method: string, path: string): CodeSample {
  const flags = method === 'get' ? '' : ` -X ${method.toUpperCase()}`
  return { lang: 'Shell', label: 'Call', source: `curl -s${flags} '${EXAMPLE_BASE}${path}'` }
}

/** Name of the component that a schema refers to. */
export function componentOf(schema: Schema | undefined): string | undefined {
  return schema?.$ref?.split('/').at(-1)
}

/** The example of a response: its own, or that of the component it refers to. */
export function exampleOf(document: OpenApiDocument, response: Response): unknown {
  const media = Object.values(response.content ?? {})[0]
  const component = document.components?.schemas?.[componentOf(media?.schema) ?? '']
  return media?.example ?? media?.schema?.examples?.[0] ?? component?.examples?.[0] ?? component?.example
}

/** A schema's type in a few words: `string or null`, `array of Candidate`. */
export function typeOf(schema: Schema | undefined): string {
  if (schema === undefined) return 'any'
  const component = componentOf(schema)
  if (component !== undefined) return component
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.enum !== undefined) return schema.enum.map(String).filter(Boolean).join(' | ')
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(typeOf).join(', ')}]`
  const types = [schema.type ?? 'any'].flat()
  return types
    .map((type) => (type === 'array' ? `array of ${typeOf(schema.items || undefined)}` : mapOf(type, schema)))
    .join(' or ')
}

function mapOf(type: string, schema: Schema): string {
  const values = Object.values(schema.patternProperties ?? {})[0] ?? schema.additionalProperties
  return type === 'object' && typeof values === 'object' ? `map of ${typeOf(values)}` : type
}
