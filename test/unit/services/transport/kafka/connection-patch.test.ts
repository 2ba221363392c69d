import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { mendConnection } from '../../../../../services/transport/kafka/connection-patch.ts'

/** What of kafkajs' own class is used here. */
type Connection = {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  isConnected(): boolean
  readonly requestQueue: { fulfillRequest(answer: { correlationId: number; payload: Buffer }): void }
}
type Logger = { namespace(): Logger } & Record<'debug' | 'info' | 'warn' | 'error', () => void>

const load = createRequire(import.meta.url)
const nothing = () => undefined
const logger: Logger = { namespace: () => logger, debug: nothing, info: nothing, warn: nothing, error: nothing }
let server: Server
/** The broker's ends, in the order of connecting. */
let ends: Socket[]
let connection: Connection
let answers: { correlationId: number; payload: string }[]

beforeEach(async () => {
  mendConnection()
  ends = []
  answers = []
  server = createServer((socket) => {
    socket.on('error', nothing)
    socket.resume()
    ends.push(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const Class = load('kafkajs/src/network/connection.js') as new (options: object) => Connection
  connection = new Class({
    host: '127.0.0.1',
    port,
    logger,
    requestTimeout: 5_000,
    connectionTimeout: 5_000,
    socketFactory: ({ host, onConnect }: { host: string; onConnect: () => void }) => connect({ host, port }, onConnect),
  })
  vi.spyOn(connection.requestQueue, 'fulfillRequest').mockImplementation(({ correlationId, payload }) => {
    answers.push({ correlationId, payload: payload.toString() })
  })
})
afterEach(async () => {
  await connection.disconnect()
  for (const socket of ends) socket.destroy()
  server.close()
})

/** Connects and gives the broker's end. */
async function open(): Promise<Socket> {
  const count = ends.length
  await connection.connect()
  await vi.waitFor(() => expect(ends.length).toBeGreaterThan(count))
  return ends.at(-1)!
}

function answer(correlationId: number, payload: string): Buffer {
  const bytes = Buffer.alloc(8 + payload.length)
  bytes.writeInt32BE(4 + payload.length)
  bytes.writeInt32BE(correlationId, 4)
  bytes.write(payload, 8)
  return bytes
}

const lost = () => vi.waitFor(() => expect(connection.isConnected()).toBe(false))

test('a new connection begins anew where the old one was cut off within an answer', async () => {
  for (const length of [2, 6, 20]) {
    const first = await open()
    first.write(answer(1, 'x'.repeat(40)).subarray(0, length), () => void first.resetAndDestroy())
    await lost()
    const second = await open()
    second.write(Buffer.concat([answer(2, 'whole'), answer(3, 'another')]))
    await vi.waitFor(() =>
      expect(answers).toEqual([
        { correlationId: 2, payload: 'whole' },
        { correlationId: 3, payload: 'another' },
      ]),
    )
    second.destroy()
    await lost()
    answers = []
  }
})

test('what the old socket still brings, its end too, does not concern the new one', async () => {
  const first = await open()
  await connection.disconnect() // our end is closed; the broker's is not
  const second = await open()
  first.write(answer(1, 'late').subarray(0, 9))
  second.write(answer(2, 'right'))
  await vi.waitFor(() => expect(answers).toEqual([{ correlationId: 2, payload: 'right' }]))
  first.destroy()
  second.write(answer(3, 'still right'))
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  expect(connection.isConnected()).toBe(true)
})

test('two that connect at the same time are both answered, and the connection works', async () => {
  await Promise.all([connection.connect(), connection.connect()])
  await vi.waitFor(() => expect(ends).toHaveLength(2))
  for (const socket of ends) socket.write(answer(7, 'here'))
  await vi.waitFor(() => expect(answers).toContainEqual({ correlationId: 7, payload: 'here' }))
  expect(answers).toHaveLength(1)
})

test('a server that is no broker ends the connection, not the process', async () => {
  const end = await open()
  end.write(Buffer.from([0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 0]))
  await lost()
  expect(answers).toEqual([])
})
