/** Shows a service's health over HTTP, on a port of its own: GET /healthz, /readyz and /status, as JSON; /metrics, as text. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from './errors.ts'
import type { Health } from './health.ts'
import type { Part } from './lifecycle.ts'
import { METRICS_PATH, METRICS_TYPE, type MetricsPage } from './telemetry/metrics-page.ts'

export type HealthServer = Part & {
  /** Where it listens, once started: `http://127.0.0.1:40123`. */
  url(): string
}

const HEADERS_TIMEOUT_MS = 5_000

/** start(): rejects with PORT_IN_USE or SETTINGS_INVALID. Without `metrics` there is no address /metrics. */
export function createHealthServer(
  health: Health,
  address: { readonly host: string; readonly port: number },
  metrics?: MetricsPage,
): HealthServer {
  const paths = [...Object.keys(health), ...(metrics === undefined ? [] : [METRICS_PATH])]
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS }, answer)
  let url = ''

  function answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume() // a body is of no interest
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (!paths.includes(path)) {
      send(response, 404, { detail: `there is no such address; there are ${paths.join(', ')}` })
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      send(response, 405, { detail: 'only GET and HEAD are possible here' })
      return
    }
    const answered =
      path === METRICS_PATH && metrics !== undefined
        ? metrics().then((page) => sendText(response, 200, page, METRICS_TYPE))
        : health[path as keyof Health]().then(({ status, body }) => send(response, status, body))
    answered.catch((error: unknown) =>
      send(response, 500, { detail: error instanceof Error ? error.message : String(error) }),
    )
  }

  return {
    name: 'health',
    url: () => url,
    async start() {
      url = await listen(server, address)
    },
    stop() {
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  sendText(response, status, `${JSON.stringify(body)}\n`, 'application/json; charset=utf-8')
}

function sendText(response: ServerResponse, status: number, text: string, type: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 503 ? { 'retry-after': '5' } : {}),
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}

async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>()
  server.once('error', reject)
  server.listen({ host, port }, () => resolve(server.address() as AddressInfo))
  try {
    const { address, port: taken, family } = await promise
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new AppError(
        'PORT_IN_USE',
        `port ${port} on ${host} is taken; choose another with ROAMWATCH_HEALTH_PORT, or 0 for a free one`,
        { cause },
      )
    }
    throw new AppError('SETTINGS_INVALID', `cannot listen on ${host}:${port} (${code}); mend health_host`, { cause })
  }
}
