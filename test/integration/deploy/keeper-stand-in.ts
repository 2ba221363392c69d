/**
 * Stands between a store and a server of a cluster, and does what keepers do for real servers and the embedded engine cannot: a statement
 * `ON CLUSTER` runs on every server, and what is written to a table that is whole everywhere is written everywhere. Replicated
 * engines lose their replicas on the way. Everything else passes as it is.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** Tables that a cluster has whole on every server. */
const WHOLE = /^INSERT INTO \w+\.(?:_migrations|_retention|_catalog|_codes|_catalog_versions|_dead_letter_actions) /

export type KeeperStandIn = { readonly url: string; readonly stop: () => Promise<void> }

/** `own`: the server that its callers mean; `all`: every one of the cluster, that one included. */
export async function startKeeperStandIn(own: string, all: readonly string[]): Promise<KeeperStandIn> {
  const server = createServer((request, response) => {
    handle(request, response, own, all).catch((error: unknown) => {
      response.writeHead(502).end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  own: string,
  all: readonly string[],
): Promise<void> {
  const body = await buffer(request)
  const address = new URL(request.url ?? '/', own)
  const inAddress = address.searchParams.get('query')
  const statement = inAddress ?? body.toString('utf8')
  const isForAll = statement.includes('ON CLUSTER') || WHOLE.test(statement)
  let content: Buffer = body
  if (inAddress !== null) address.searchParams.set('query', withoutReplicas(statement))
  else if (isForAll) content = Buffer.from(withoutReplicas(statement))
  const answers = await Promise.all(
    (isForAll ? all : [own]).map((url) => forward(request, new URL(address.pathname + address.search, url), content)),
  )
  const answer = answers.find(({ status }) => status >= 400) ?? answers[0]
  if (answer === undefined) throw new Error('a cluster without servers')
  response.writeHead(answer.status, answer.headers).end(answer.body)
}

async function forward(request: IncomingMessage, url: URL, body: Buffer) {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string' && !HOP_BY_HOP.has(name)) headers.set(name, value)
  const method = request.method ?? 'GET'
  const answer = await fetch(url, { method, headers, ...(method === 'GET' ? {} : { body }) })
  const kept = [...answer.headers].filter(([name]) => !HOP_BY_HOP.has(name))
  return { status: answer.status, headers: Object.fromEntries(kept), body: Buffer.from(await answer.arrayBuffer()) }
}

const HOP_BY_HOP = new Set([
  'host',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'expect',
])

function withoutReplicas(statement: string): string {
  return statement
    .replace('ON CLUSTER roamwatch', '')
    .replace(/ReplicatedReplacingMergeTree\('[^']*', '[^']*'(?:, )?/, 'ReplacingMergeTree(')
}
