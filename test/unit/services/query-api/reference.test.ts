import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpGateway } from '../../../../collectors/http-gateway/http-gateway.ts'
import { createIntake } from '../../../../collectors/intake.ts'
import { ERROR_CODES } from '../../../../services/runtime/errors.ts'
import type { Api } from '../../../../services/query-api/api.ts'
import type { OpenApiDocument } from '../../../../services/query-api/reference/document.ts'
import { html, jsonBlock, prose } from '../../../../services/query-api/reference/html.ts'
import { renderReference } from '../../../../services/query-api/reference/render-reference.ts'
import { type Answer, CATALOG, createTestApp, documentOf } from './test-app.ts'

let app: Api
let answer: Answer
beforeAll(async () => {
  app = await createTestApp()
  answer = await app.inject({ url: '/', headers: { host: 'localhost:9000' } })
})
afterAll(() => app.close())

describe('the reference page', () => {
  it('shows every operation, shape and failure of the document', async () => {
    const document = await documentOf(app)
    for (const [path, methods] of Object.entries(document.paths)) {
      expect(answer.body).toContain(`<span>${path}</span>`)
      for (const { operationId } of Object.values(methods)) expect(answer.body).toContain(`id="${operationId ?? ''}"`)
    }
    for (const name of Object.keys(document.components.schemas)) expect(answer.body).toContain(`id="shape-${name}"`)
    for (const code of ['REQUEST_INVALID', 'STORE_UNAVAILABLE', 'INTERNAL'] as const) {
      expect(answer.body).toContain(`id="${code}"`)
      expect(answer.body).toContain(ERROR_CODES[code].slice(0, 20))
    }
  })

  it('shows the fields of every body that is posted, which of them must be there, and that a body may be left out', async () => {
    const unasked = () => Promise.reject(new Error('nobody asks'))
    const intake = createIntake({ catalog: CATALOG, tenant: 'a', keep: 'all', sourceKind: 'http', clock: Date.now })
    const posting = await createTestApp({
      plugins: [createHttpGateway({ intake, sink: { send: unasked }, clock: Date.now })],
      deadLetters: { list: unasked, get: unasked, discard: unasked, replay: unasked },
    })
    const page = (await posting.inject('/')).body
    const bodyOf = (id: string) =>
      new RegExp(`<article class="operation" id="${id}">[^]*?<h4>Body</h4>([^]*?)<details>`).exec(page)?.[1] ?? ''
    const names = (id: string) =>
      [...bodyOf(id).matchAll(/<td class="name"><code>(\w+)<\/code>/g)].map(([, name]) => name)
    expect(names('discardDeadLetter')).toEqual(['reason', 'requested_by'])
    expect(bodyOf('discardDeadLetter')).toMatch(/Why nobody needs the record[^]*? Required\.<[^]*requested_by/)
    expect(bodyOf('discardDeadLetter')).not.toContain('It may be left out.')
    expect(names('replayDeadLetter')).toEqual(['requested_by'])
    expect(bodyOf('replayDeadLetter')).toContain('It may be left out.')
    expect(bodyOf('replayDeadLetter')).not.toContain('Required.')
    expect(bodyOf('replayDeadLetter')).toContain('<code>application/json</code>')
    expect(bodyOf('sendEvents')).toContain('Records of any known format, alone or packed.')
    expect(bodyOf('sendEvents')).toContain('<code>application/x-ndjson</code>')
    await posting.close()
  })

  it('has calls for the address it was asked under', () => {
    expect(answer.body).toContain('curl -s http://localhost:9000/healthz')
    expect(answer.body).not.toContain('127.0.0.1:8080')
  })

  it('has links that lead somewhere', async () => {
    const targets = [...answer.body.matchAll(/href="([^"]*)"/g)].map(([, href = '']) =>
      href.replaceAll('&#38;', '&').replaceAll('&#39;', "'"),
    )
    expect(targets.length).toBeGreaterThan(30)
    for (const target of targets.filter((href) => !href.startsWith('data:'))) {
      if (target.startsWith('#')) expect(answer.body, target).toContain(`id="${target.slice(1)}"`)
      else expect([200, 404], target).toContain((await app.inject(target)).statusCode)
    }
  })

  it('loads nothing from elsewhere, and its policy allows exactly its own style and script', () => {
    expect(answer.body).not.toMatch(/(src|href)="(https?:)?\/\//)
    const policy = String(answer.headers['content-security-policy'])
    for (const element of ['style', 'script']) {
      const content = new RegExp(`<${element}>([^]*?)</${element}>`).exec(answer.body)?.[1] ?? ''
      expect(content.length).toBeGreaterThan(100)
      expect(policy).toContain(`${element}-src 'sha256-${createHash('sha256').update(content).digest('base64')}'`)
    }
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    expect(answer.body).not.toMatch(/ (style|on\w+)="/)
  })

  it('is well-formed: every element that opens closes', () => {
    const text = answer.body.replace(/<(style|script)>[^]*?<\/\1>/g, '')
    const open: string[] = []
    for (const [, slash, name = '', selfClosed] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
      if (['meta', 'link'].includes(name) || selfClosed === '/') continue
      if (slash === '/') expect(open.pop()).toBe(name)
      else open.push(name)
    }
    expect(open).toEqual([])
  })

  it('shows what other stages say as text, never as HTML', () => {
    const evil = '<img src=x onerror=alert(1)>"\'&'
    const document: OpenApiDocument = {
      info: { title: evil, version: evil, description: evil },
      tags: [{ name: evil, description: evil }],
      paths: {
        [`/${evil}`]: {
          post: {
            operationId: evil,
            tags: [evil],
            summary: evil,
            description: evil,
            parameters: [
              { name: evil, in: 'query', description: evil, schema: { type: 'string', title: evil, default: evil } },
            ],
            responses: {
              200: {
                description: evil,
                content: { 'application/json': { example: { [evil]: [evil, null, -1.5e3] } } },
              },
            },
          },
        },
      },
      components: {
        schemas: {
          [evil]: { type: 'object', description: evil, properties: { [evil]: { description: evil, enum: [evil] } } },
        },
      },
    }
    const page = renderReference(document, [{ code: evil, status: 400, meaning: evil }], 'http://localhost')
    expect(page).not.toContain('<img')
    expect(page).toContain('&#60;img')
  })
})

describe('templates', () => {
  it('escape what is no HTML, once', () => {
    expect(html`<b>${'<&>"\''}</b>${undefined}${[html`<i>x</i>`, 1]}`.html).toBe(
      '<b>&#60;&#38;&#62;&#34;&#39;</b><i>x</i>1',
    )
    expect(html`${prose('a `b<c` d')}`.html).toBe('a <code>b&#60;c</code> d')
  })

  it('colour JSON without changing its text', () => {
    const value = { 'a:"b': ['x: 1', 'null', -1.5e30, null, true], e: {}, '': '\\"' }
    const coloured = html`${jsonBlock(value)}`.html
    const plain = coloured
      .replace(/<\/?span[^>]*>/g, '')
      .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    expect(plain).toBe(JSON.stringify(value, null, 2))
    expect(coloured).toContain('<span class="num">null</span>')
    expect(coloured).toContain('<span class="str">&#34;null&#34;</span>')
  })
})
