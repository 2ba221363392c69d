/**
 * Who may be `default`. The engine's own session acts as that user and can only come without a password; but every caller who
 * names no user would be `default` too. So the engine asks here, over loopback, and hears yes once: for its own session, which
 * comes before any port is open. docs/decisions/0005-embedded-engine.md
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

export type Door = {
  /** What the engine asks. Its path is a secret, so that nobody else can use up the one yes. */
  readonly uri: string
}

/** Opens the door. It stays until the process ends, and so does the engine: nobody else can take the port and say yes. */
export async function openDoor(): Promise<Door> {
  const path = `/${randomBytes(24).toString('base64url')}`
  let isOpen = true
  const server = createServer((request, response) => {
    const isAsked = request.url === path
    response.statusCode = isAsked && isOpen ? 200 : 401
    if (isAsked) isOpen = false
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a loopback server has a port')
  server.unref()
  return { uri: `http://127.0.0.1:${address.port}${path}` }
}
