/** No older ClickHouse can be had here: a stand-in for its HTTP interface says what such a server says. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { createRemoteStore } from '../../../../../services/store/clickhouse/clickhouse-store.ts'
import { adviceForVersion } from '../../../../../services/store/clickhouse/tested-version.ts'

let server: Server | undefined
afterEach(() => server?.close())

async function serverOf(version: string): Promise<string> {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const statement = `${new URL(request.url ?? '/', 'http://x').searchParams.get('query') ?? ''}${body}`
      if (statement.includes('version()')) response.end(`{"version":"${version}"}\n`)
      else if (!statement.includes('CREATE')) response.end()
      else {
        response.writeHead(400, { 'x-clickhouse-exception-code': '62' })
        response.end(`Code: 62. DB::Exception: Syntax error: failed at position 7. (SYNTAX_ERROR) (version ${version})`)
      }
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function refusalOf(version: string): Promise<unknown> {
  const store = createRemoteStore({ url: await serverOf(version), username: 'default', password: '' })
  const refusal: unknown = await store.open().then(
    () => undefined,
    (error: unknown) => error,
  )
  await store.close()
  return refusal
}

test('says that the server is too old where an old one refuses what a newer one takes', async () => {
  expect(await refusalOf('22.3.20.29')).toMatchObject({
    code: 'STORE_REFUSED',
    retryable: false,
    message: expect.stringMatching(
      /Syntax error.*This is ClickHouse 22\.3\.20\.29; upgrade it: 26\.7 is the oldest/,
    ) as string,
  })
})

test('does not blame the version of a new one', async () => {
  expect(await refusalOf('27.1.1.1')).toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.not.stringMatching(/upgrade/) as string,
  })
})

test.each([
  ['26.7.2.1', false],
  ['26.10.1.1', false],
  ['27.1.1.1', false],
  ['26.6.9.9', true],
  ['9.12.1.1', true],
  ['nonsense', true],
])('compares versions as numbers: %s', (version, isOld) => {
  expect(adviceForVersion(version) !== undefined).toBe(isOld)
})
