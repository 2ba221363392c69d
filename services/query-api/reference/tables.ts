/** Tables of the reference page: parameters, shapes and failures. */
import { type Body, type OpenApiDocument, type Parameter, type Schema, typeOf } from './document.ts'
import { type Html, html, prose } from './html.ts'

export type FailureCode = { readonly code: string; readonly status: number; readonly meaning: string }

/** More filters than this are folded away. */
const MANY = 12

/** `not.` parameters are said once in words instead of a row each. */
export function parameterTables(parameters: readonly Parameter[]): Html | undefined {
  const shown = parameters.filter(({ name }) => !name.startsWith('not.'))
  if (shown.length === 0) return undefined
  const isFolded = shown.length > MANY
  const first = isFolded ? shown.filter(({ schema }) => schema?.type !== 'array') : shown
  const filters = shown.filter((parameter) => !first.includes(parameter))
  return html`<h4>Parameters</h4>
    ${parameterTable(first)}${
      filters.length === 0
        ? undefined
        : html`<details>
            <summary>
              ${filters.length} filters, one for every column; with <code>not.</code> in front they leave out
            </summary>
            ${parameterTable(filters)}
          </details>`
    }`
}

/** The fields of a request's body, or what it may be where it has none of ours. */
export function bodyTable(body: Body | undefined): Html | undefined {
  if (body === undefined) return undefined
  const kinds = body.mediaTypes.map((type, index) => html`${index === 0 ? '' : ', '}<code>${type}</code>`)
  return html`<h4>Body</h4>
    <p>
      ${body.description === '' ? undefined : html`${prose(body.description)} `}${kinds}.${body.isRequired ? '' : ' It may be left out.'}
    </p>
    ${body.fields.length === 0 ? undefined : parameterTable(body.fields)}`
}

function parameterTable(parameters: Body['fields']): Html {
  return html`<div class="scroll">
    <table>
      <tr>
        <th>Name</th>
        <th>Meaning</th>
      </tr>
      ${parameters.map(
        ({ name, schema, description, required }) =>
          html`<tr>
            <td class="name"><code>${name}</code></td>
            <td>
              ${prose(description ?? '')}
              <span class="type">${prose(accepted(schema))}${required === true ? ' Required.' : ''}</span>
            </td>
          </tr>`,
      )}
    </table>
  </div>`
}

function accepted(schema: Schema | undefined): string {
  if (schema === undefined) return ''
  const value = schema.type === 'array' && typeof schema.items === 'object' ? schema.items : schema
  const range =
    value.minimum !== undefined && value.maximum !== undefined ? `${value.minimum} to ${value.maximum}` : undefined
  const what = value.title ?? (value.enum === undefined ? range : `one of ${value.enum.filter(Boolean).join(', ')}`)
  const standard = schema.default === undefined ? '' : ` Default ${String(schema.default)}.`
  return what === undefined ? standard : `${what.charAt(0).toUpperCase()}${what.slice(1)}.${standard}`
}

export function shapeSections(document: OpenApiDocument): Html[] {
  return Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      html`<article class="operation" id="shape-${name}">
        <h3>${name}</h3>
        ${schema.description === undefined ? undefined : html`<p>${prose(schema.description)}</p>`}
        ${fieldTable(schema)}
      </article>`,
  )
}

function fieldTable(schema: Schema): Html {
  const fields = Object.entries(schema.properties ?? {})
  const table = html`<div class="scroll">
    <table>
      <tr>
        <th>Name</th>
        <th>Type</th>
        <th>Meaning</th>
      </tr>
      ${fields.map(
        ([name, field]) =>
          html`<tr>
            <td class="name"><code>${name}</code></td>
            <td><span class="type">${typeOf(field)}</span></td>
            <td>${prose(field.description ?? '')}</td>
          </tr>`,
      )}
    </table>
  </div>`
  return fields.length > MANY
    ? html`<details>
        <summary>${fields.length} fields</summary>
        ${table}
      </details>`
    : table
}

export function failureTable(failures: readonly FailureCode[]): Html {
  return html`<div class="scroll">
    <table>
      <tr>
        <th>Code</th>
        <th>Status</th>
        <th>Meaning</th>
      </tr>
      ${failures.map(
        ({ code, status, meaning }) =>
          html`<tr id="${code}">
            <td class="name"><code>${code}</code></td>
            <td>${status}</td>
            <td>${meaning}</td>
          </tr>`,
      )}
    </table>
  </div>`
}
