import { createServer } from 'node:net'

/** Four different ports that are free now. */
export async function freePorts(): Promise<[number, number, number, number]> {
  const servers = await Promise.all(Array.from({ length: 4 }, listen))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports as [number, number, number, number]
}

async function listen() {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
