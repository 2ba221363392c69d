/**
 * Stands between the services and ClickHouse and knows what an insert is: it can refuse one, do it and say that it failed,
 * cut it off in the middle, or do it long after its sender has given up. It also logs in for the services, since an engine
 * that was started again has other passwords.
 */
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { answerWrongly, refuse } from './store-answers.ts'

/** What happens to inserts. late: cut off at once, done after `lateMs`. */
export type InsertMode = 'pass' | 'refuse' | 'lie' | 'half' | 'late'

export type StoreTarget = { readonly url: string; readonly password: string }

export type StoreProxy = {
  readonly url: string
  setInserts(mode: InsertMode): void
  /** Resets every connection. */
  cut(): void
  /** While set: requests wait before they reach ClickHouse. */
  setStalled(isStalled: boolean): void
  /** While set: connections are reset, and so is every new one. */
  setGone(isGone: boolean): void
  /** Most bytes of inserts a second; undefined: as many as there are. */
  setRate(bytesPerSecond: number | undefined): void
  /** Requests that are under way, late inserts included. */
  readonly pending: number
  /** Inserts by what became of them. */
  readonly inserts: Readonly<Record<InsertMode, number>>
  close(): Promise<void>
}

const LATE_MS = 2_500

/** `target` is asked for each request; undefined while there is no engine. */
export async function startStoreProxy(target: () => StoreTarget | undefined): Promise<StoreProxy> {
  const agent = new Agent({ keepAlive: false })
  const sockets = new Set<Socket>()
  const inserts: Record<InsertMode, number> = { pass: 0, refuse: 0, lie: 0, half: 0, late: 0 }
  let mode: InsertMode = 'pass'
  let stall = Promise.withResolvers<undefined>()
  stall.resolve(undefined)
  let isGone = false
  let rate: number | undefined
  let freeAt = 0
  let pending = 0

  const server = createServer((incoming, answer) => {
    pending++
    void handle(incoming, answer)
      .catch(() => incoming.socket.destroy())
      .finally(() => pending--)
  })
  server.on('connection', (socket) => {
    if (isGone) return void socket.resetAndDestroy()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })

  async function handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    await stall.promise
    if (!isInsert(incoming)) return pass(incoming, answer)
    const now = mode
    inserts[now]++
    if (now === 'pass' && rate === undefined) return pass(incoming, answer)
    const body = await buffer(incoming)
    if (now === 'pass') {
      await turnFor(body.length)
      if (isGone || incoming.socket.destroyed) throw new Error('the sender has left')
      relay(await forward(incoming, body), answer)
    } else if (now === 'refuse') refuse(answer, inserts.refuse)
    else if (now === 'lie') answerWrongly(await done(incoming, body), answer, inserts.lie)
    else if (now === 'half') await cutOff(incoming, body)
    else await doLate(incoming, body)
  }

  /** Rows go through one after the other, at the rate that is set. */
  async function turnFor(bytes: number): Promise<void> {
    const startAt = Math.max(performance.now(), freeAt)
    freeAt = startAt + (bytes / (rate ?? Infinity)) * 1000
    await delay(freeAt - performance.now())
  }

  function open(incoming: IncomingMessage) {
    const to = target()
    if (to === undefined) throw new Error('no engine')
    const headers = { ...incoming.headers, connection: 'close', authorization: authorizationOf(to) }
    const { hostname, port } = new URL(to.url)
    return request({ agent, hostname, port, path: incoming.url, method: incoming.method, headers })
  }

  async function pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const call = open(incoming)
    call.on('error', () => incoming.socket.destroy())
    answer.once('close', () => call.destroy())
    incoming.pipe(call)
    const [upstream] = (await once(call, 'response')) as [IncomingMessage]
    relay(upstream, answer)
    await once(answer, 'close')
  }

  async function forward(incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const call = open(incoming)
    call.end(body)
    const [upstream] = (await once(call, 'response')) as [IncomingMessage]
    return upstream
  }

  /** Resolves with whether ClickHouse has done it. */
  async function done(incoming: IncomingMessage, body: Buffer): Promise<boolean> {
    const upstream = await forward(incoming, body)
    await buffer(upstream)
    return upstream.statusCode === 200
  }

  async function cutOff(incoming: IncomingMessage, body: Buffer): Promise<void> {
    const call = open(incoming)
    call.on('error', () => undefined)
    const sent = Promise.withResolvers<undefined>()
    call.write(body.subarray(0, Math.ceil(body.length / 2)), () => sent.resolve(undefined))
    call.once('close', () => sent.resolve(undefined))
    await sent.promise
    call.destroy()
    incoming.socket.destroy()
  }

  async function doLate(incoming: IncomingMessage, body: Buffer): Promise<void> {
    incoming.socket.destroy()
    await delay(LATE_MS)
    await done(incoming, body).catch(() => false)
  }

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setInserts: (value) => void (mode = value),
    cut,
    setStalled(value) {
      stall.resolve(undefined)
      if (value) stall = Promise.withResolvers<undefined>()
    },
    setGone(value) {
      isGone = value
      if (value) cut()
    },
    setRate(value) {
      rate = value
      freeAt = 0
    },
    get pending() {
      return pending
    },
    inserts,
    async close() {
      stall.resolve(undefined)
      cut()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** The client puts the statement of an insert into the address, and its rows into the body. */
function isInsert({ url = '' }: IncomingMessage): boolean {
  return new URL(url, 'http://store').searchParams.get('query')?.startsWith('INSERT INTO') === true
}

function authorizationOf({ password }: StoreTarget): string {
  return `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
}

function relay(upstream: IncomingMessage, answer: ServerResponse): void {
  const { connection: _connection, ...headers } = upstream.headers
  upstream.on('error', () => answer.destroy())
  answer.writeHead(upstream.statusCode ?? 502, headers)
  upstream.pipe(answer)
}
