/** Posts bodies to a gateway over connections that stay open, as a shipper does. */
import { Agent, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { SentEvent } from './kafka-events.ts'

export type Poster = {
  /** Rejects unless the answer is 202. */
  post(body: Buffer): Promise<void>
  close(): void
}

export function createPoster(url: string, connections: number): Poster {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/x-ndjson', 'content-length': body.length }
        const call = request(`${url}/v1/events`, { method: 'POST', agent, headers }, (response) => {
          buffer(response).then((answer) => {
            if (response.statusCode === 202) resolve()
            else reject(new Error(`${response.statusCode}: ${answer.toString().slice(0, 500)}`))
          }, reject)
        })
        call.on('error', reject)
        call.end(body)
      }),
    close: () => agent.destroy(),
  }
}

/** Bodies of `size` lines. */
export async function bodiesOf(events: AsyncIterable<readonly SentEvent[]>, size: number): Promise<SentEvent[][]> {
  const all: SentEvent[] = []
  for await (const batch of events) all.push(...batch)
  return Array.from({ length: Math.floor(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}

export function ndjson(events: readonly SentEvent[]): Buffer {
  return Buffer.from(`${events.map(({ text }) => text).join('\n')}\n`)
}
