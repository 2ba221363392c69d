import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

let echo: Server
let proxy: TcpProxy
const opened: Socket[] = []

beforeEach(async () => {
  echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const { port } = echo.address() as AddressInfo
  proxy = await startTcpProxy(() => ({ host: '127.0.0.1', port }))
})
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy()
  await proxy.close()
  echo.close()
})

/** A client, and what came back to it so far. */
async function open(): Promise<{ socket: Socket; heard: () => string; isClosed: () => boolean }> {
  const socket = connect(proxy.port, '127.0.0.1')
  opened.push(socket)
  let words = ''
  socket.on('data', (chunk: Buffer) => (words += chunk.toString()))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return { socket, heard: () => words, isClosed: () => socket.closed }
}

test('carries bytes both ways', async () => {
  const { socket, heard } = await open()
  socket.write('hello')
  await vi.waitFor(() => expect(heard()).toBe('hello'))
})

test('cuts every connection, and takes new ones', async () => {
  const [one, other] = [await open(), await open()]
  one.socket.write('a')
  other.socket.write('b')
  await vi.waitFor(() => expect(one.heard() + other.heard()).toBe('ab'))
  proxy.cut()
  await vi.waitFor(() => expect(one.isClosed() && other.isClosed()).toBe(true))
  const next = await open()
  next.socket.write('again')
  await vi.waitFor(() => expect(next.heard()).toBe('again'))
})

test('carries nothing while it stalls, and all of it afterwards', async () => {
  const before = await open()
  before.socket.write('1')
  await vi.waitFor(() => expect(before.heard()).toBe('1'))
  proxy.setStalled(true)
  const during = await open()
  for (const { socket } of [before, during]) socket.write('2')
  const beside = await open() // a whole connection more, and still nothing came
  expect([before.heard(), during.heard(), beside.heard()]).toEqual(['1', '', ''])
  proxy.setStalled(false)
  await vi.waitFor(() => expect([before.heard(), during.heard()]).toEqual(['12', '2']))
})

test('refuses while it is told to', async () => {
  const before = await open()
  proxy.setRefusing(true)
  await vi.waitFor(() => expect(before.isClosed()).toBe(true))
  const during = await open().catch(() => undefined)
  if (during !== undefined) await vi.waitFor(() => expect(during.isClosed()).toBe(true))
  proxy.setRefusing(false)
  const after = await open()
  after.socket.write('back')
  await vi.waitFor(() => expect(after.heard()).toBe('back'))
})

test('loses nothing of what it slows down', async () => {
  proxy.setRate(400_000)
  const { socket, heard } = await open()
  const sent = 'x'.repeat(300_000)
  socket.write(sent)
  await vi.waitFor(() => expect(heard().length).toBe(sent.length), { timeout: 20_000 })
  expect(heard()).toBe(sent)
})
