/**
 * A lease is a loopback connection that a user of the engine holds open. The kernel closes it when the user dies, however
 * it dies, so the engine always knows who is left; and it closes when the engine dies, so the user knows that too.
 */
import { createServer, connect, type Server, type Socket } from 'node:net'
import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'

const GREETING = 'roamwatch-lease/1 '
const GREETING_MAX_BYTES = 512
const GREETING_DEADLINE_MS = 5000

export type LeaseDesk = {
  readonly port: number
  /** Users that hold a lease now. */
  count(): number
  /** Takes no more leases. Those that have left get their goodbye when the process ends. */
  close(): void
}

/**
 * Opens the desk where users take leases; `onChange` is called whenever the number of users changed.
 * A user that leaves as the last one keeps its connection until the process ends or another user comes, so leaving means done.
 */
export async function openLeaseDesk(secret: string, onChange: (users: number) => void): Promise<LeaseDesk> {
  const users = new Set<Socket>()
  const leavers = new Set<Socket>()
  const enter = (socket: Socket) => {
    users.add(socket)
    socket.write('ok\n')
    for (const leaver of leavers) leaver.destroy()
    leavers.clear()
    onChange(users.size)
  }
  const leave = (socket: Socket) => {
    if (!users.delete(socket)) return
    if (users.size > 0) socket.destroy()
    else leavers.add(socket)
    onChange(users.size)
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      leave(socket)
      leavers.delete(socket)
    })
    greet(socket, secret, () => {
      enter(socket)
      socket.once('end', () => leave(socket))
    })
  })
  await listen(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a loopback server has a port')
  return { port: address.port, count: () => users.size, close: () => void server.close() }
}

function greet(socket: Socket, secret: string, accept: () => void): void {
  const expected = Buffer.from(`${GREETING}${secret}\n`)
  let received = Buffer.alloc(0)
  socket.setTimeout(GREETING_DEADLINE_MS, () => socket.destroy())
  const read = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const isWhole = received.includes(10)
    if (!isWhole && received.length <= GREETING_MAX_BYTES) return
    socket.off('data', read)
    if (received.length !== expected.length || !timingSafeEqual(received, expected)) {
      socket.destroy()
      return
    }
    socket.setTimeout(0)
    socket.resume()
    accept()
  }
  socket.on('data', read)
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

export type Lease = {
  /** Resolves when the engine is gone, whether it was left or died. */
  readonly ended: Promise<void>
  isHeld(): boolean
  /** Leaves. Resolves when the engine has ended or goes on for others; at most `deadlineMs` later. Safe to call twice. */
  release(deadlineMs?: number): Promise<void>
}

/** Takes a lease; undefined when nobody answers on the port or it is not the engine that `secret` belongs to. */
export async function takeLease(port: number, secret: string): Promise<Lease | undefined> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => socket.destroy())
  socket.setTimeout(GREETING_DEADLINE_MS, () => socket.destroy())
  socket.once('connect', () => socket.write(`${GREETING}${secret}\n`))
  const accepted = new Promise<boolean>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString() === 'ok\n'))
    void ended.then(() => resolve(false))
  })
  if (!(await accepted)) {
    socket.destroy()
    return undefined
  }
  socket.setTimeout(0)
  socket.resume()
  socket.unref()
  let isHeld = true
  void ended.then(() => (isHeld = false))
  const release = async (deadlineMs = 10_000) => {
    isHeld = false
    socket.ref()
    socket.end()
    const timer = setTimeout(() => socket.destroy(), deadlineMs)
    await ended
    clearTimeout(timer)
  }
  return { ended, isHeld: () => isHeld, release }
}
