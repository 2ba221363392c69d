/** The reference page: the OpenAPI document as one HTML page that needs nothing else. */
import { componentOf, EXAMPLE_BASE, exampleOf, type OpenApiDocument, type Operation, operationsOf } from './document.ts'
import { type Html, html, jsonBlock, prose } from './html.ts'
import { PAGE_SCRIPT, PAGE_STYLE } from './page-style.ts'
import { bodyTable, type FailureCode, failureTable, parameterTables, shapeSections } from './tables.ts'

// Whole elements, byte for byte: the content security policy names the digests of what is in them.
const STYLE: Html = { html: `<style>${PAGE_STYLE}</style>` }
const SCRIPT: Html = { html: `<script>${PAGE_SCRIPT}</script>` }

/** `base` is the address under which the page was asked, for example http://127.0.0.1:8080. */
export function renderReference(document: OpenApiDocument, failures: readonly FailureCode[], base: string): string {
  const operations = operationsOf(document)
  const tags = (document.tags ?? []).filter(({ name }) => operations.some(({ tag }) => tag === name))
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${document.info.title}</title>
        <meta name="description" content="What can be asked of this Roamwatch, with examples." />
        <link
          rel="icon"
          href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='6' fill='%230b6e4f'/%3E%3C/svg%3E"
        />
        ${STYLE}
      </head>
      <body>
        <div class="layout">
          ${navigation(document, tags, operations)}
          <main id="top">
            <h1>${document.info.title}</h1>
            <p class="lead">${prose(document.info.description ?? '')}</p>
            <p>The same as a document for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
            ${tags.map(
              (tag) =>
                html`<section class="tag" id="tag-${tag.name}">
                  <h2>${tag.name}</h2>
                  <p>${tag.description}</p>
                  ${operations.filter((operation) => operation.tag === tag.name).map((operation) => section(document, operation, base))}
                </section>`,
            )}
            <section class="tag" id="shapes">
              <h2>Shapes</h2>
              <p>What the answers are made of. Names are the same in the API, in SQL and in Kafka.</p>
              ${shapeSections(document)}
            </section>
            <section class="tag" id="failures">
              <h2>Failures</h2>
              <p>Every failure is <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>.</p>
              <div class="operation">${failureTable(failures)}</div>
            </section>
          </main>
        </div>
        ${SCRIPT}
      </body>
    </html> `
  return page.html
}

function navigation(
  document: OpenApiDocument,
  tags: readonly { readonly name: string }[],
  operations: readonly Operation[],
): Html {
  return html`<nav aria-label="Contents">
    <a class="brand" href="#top">Roamwatch</a><span class="version">${document.info.version}</span>
    ${tags.map(
      ({ name }) =>
        html`<h2>${name}</h2>
          <ul>
            ${operations.filter(({ tag }) => tag === name).map(({ id, method, path }) => navigationItem(id, method, path))}
          </ul>`,
    )}
    <h2>More</h2>
    <ul>
      <li><a href="#shapes">Shapes</a></li>
      <li><a href="#failures">Failures</a></li>
    </ul>
  </nav>`
}

function navigationItem(id: string, method: string, path: string): Html {
  const verb = method === 'GET' ? '' : `${method} `
  return html`<li><a href="#${id}">${verb}${path}</a></li>`
}

function section(document: OpenApiDocument, operation: Operation, base: string): Html {
  const success = operation.responses.find(([status]) => status.startsWith('2'))
  const shape = componentOf(Object.values(success?.[1].content ?? {})[0]?.schema)
  const example = success === undefined ? undefined : exampleOf(document, success[1])
  return html`<article class="operation" id="${operation.id}">
    <h3>${operation.summary}</h3>
    <div class="route">
      <span class="method ${operation.method.toLowerCase()}">${operation.method}</span><span>${operation.path}</span>
    </div>
    ${operation.description === '' ? undefined : html`<p>${prose(operation.description)}</p>`}
    ${operation.samples.map((sample) => call(sample.label, sample.source.replaceAll(EXAMPLE_BASE, base), base))}
    ${
      example === undefined
        ? undefined
        : html`<h4>Answer ${shape === undefined ? undefined : html`(<a href="#shape-${shape}">${shape}</a>)`}</h4>
            <pre tabindex="0">${jsonBlock(example)}</pre>`
    }
    ${parameterTables(operation.parameters)} ${bodyTable(operation.body)}
    <details>
      <summary>Statuses</summary>
      <div class="scroll">
        <table>
          ${operation.responses.map(
            ([status, { description }]) =>
              html`<tr>
                <td class="status"><code>${status}</code></td>
                <td>${prose(description)}</td>
              </tr>`,
          )}
        </table>
      </div>
    </details>
  </article>`
}

/** A call to copy; where it only reads, also a link to its answer. */
function call(label: string, source: string, base: string): Html {
  const target = /^curl -s '?([^' ]+)'?$/.exec(source)?.[1]
  const path = target?.startsWith(base) === true ? target.slice(base.length) : undefined
  const link = path === undefined || path.includes('{') ? undefined : html`<a href="${path}">Open</a>`
  return html`<div class="sample">
    <div class="caption"><span>${label}</span><span class="actions">${link}</span></div>
    <pre class="call" tabindex="0">${source}</pre>
  </div>`
}
