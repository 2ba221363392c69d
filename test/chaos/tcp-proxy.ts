/** Stands between the services and the broker, and can cut their connections, hold what they carry, or take none. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type TcpProxy = {
  readonly port: number
  /** Resets every connection. */
  cut(): void
  /** While set: connections stay and carry nothing. */
  setStalled(isStalled: boolean): void
  /** While set: connections are reset, and so is every new one. */
  setRefusing(isRefusing: boolean): void
  /** Most bytes a second that go to the server, over all connections; undefined: as many as there are. */
  setRate(bytesPerSecond: number | undefined): void
  close(): Promise<void>
}

type Pair = { readonly inside: Socket; readonly outside: Socket }

const SLICE_MS = 50

/** `target` is asked for each connection: the server's port may not be known before. */
export async function startTcpProxy(target: () => { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  let isStalled = false
  let isRefusing = false
  let rate: number | undefined
  let budget = 0

  const server = createServer((inside) => {
    if (isRefusing) return void inside.resetAndDestroy()
    const outside = connect({ ...target(), noDelay: true })
    const pair = { inside, outside }
    pairs.add(pair)
    inside.setNoDelay(true)
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      one.on('error', () => undefined)
      one.once('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    }
    inside.on('data', (chunk) => {
      budget -= chunk.length
      if (!outside.write(chunk)) inside.pause()
      if (isHeld()) inside.pause()
    })
    outside.on('data', (chunk) => {
      if (!inside.write(chunk)) outside.pause()
    })
    outside.on('drain', () => (isHeld() ? undefined : inside.resume()))
    inside.on('drain', () => (isStalled ? undefined : outside.resume()))
    if (isStalled) pause(pair)
  })

  const isHeld = (): boolean => isStalled || (rate !== undefined && budget <= 0)
  const refill = setInterval(() => {
    if (rate === undefined) return
    budget = Math.min(rate, budget + (rate * SLICE_MS) / 1000)
    if (!isHeld()) for (const { inside } of pairs) inside.resume()
  }, SLICE_MS)

  function pause({ inside, outside }: Pair): void {
    inside.pause()
    outside.pause()
  }

  function resumeAll(): void {
    for (const { inside, outside } of pairs) {
      inside.resume()
      outside.resume()
    }
  }

  function cut(): void {
    for (const { inside, outside } of pairs) {
      inside.resetAndDestroy()
      outside.resetAndDestroy()
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    setStalled(value) {
      isStalled = value
      if (value) for (const pair of pairs) pause(pair)
      else resumeAll()
    },
    setRefusing(value) {
      isRefusing = value
      if (value) cut()
    },
    setRate(value) {
      rate = value
      budget = 0
      if (value === undefined && !isStalled) resumeAll()
    },
    async close() {
      clearInterval(refill)
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
