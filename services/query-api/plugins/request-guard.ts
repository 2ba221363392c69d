/**
 * Refuses, before any route runs, what a page in the user's browser could send to a service on loopback: a request under
 * a foreign host name (DNS rebinding) and a request from a foreign origin. Also overlong and malformed addresses, and
 * everything once the app is closing.
 */
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../runtime/errors.ts'
import type { Api, ApiDeps } from '../api.ts'
import { malformation } from '../parameters/query-string.ts'
import { quote, RequestError } from '../request-error.ts'

/** Longer addresses than this are refused; Node itself takes 16 KiB of request line and headers. */
const MAX_URL_LENGTH = 16 * 1024

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|([a-z0-9-]+\.)*localhost)$/

export function useRequestGuard(app: Api, allowedHosts: NonNullable<ApiDeps['allowedHosts']>): void {
  let isStopping = false
  const names = allowedHosts === 'any' ? undefined : new Set(allowedHosts.map((host) => host.toLowerCase()))

  app.addHook('preClose', (done) => {
    isStopping = true
    done()
  })

  app.addHook('onRequest', (request, reply, done) => {
    if (isStopping) {
      void reply.header('connection', 'close')
      throw new AppError('STOPPING', 'the service is stopping')
    }
    checkHost(request, names)
    checkOrigin(request)
    checkUrl(request)
    done()
  })
}

function checkHost(request: FastifyRequest, names: ReadonlySet<string> | undefined): void {
  const header = request.headers.host
  // Only HTTP/1.0 has requests without a host; no browser sends them.
  if (names === undefined || header === undefined) return
  if (request.raw.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name)).length > 1)
    throw new RequestError(400, 'there are two Host headers')
  const host = header
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '')
  if (LOOPBACK.test(host) || names.has(host)) return
  throw new RequestError(
    421,
    `this service does not answer under the host name ${quote(host)}; add it to ROAMWATCH_API_ALLOWED_HOSTS if it should`,
  )
}

function checkOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  if (origin !== undefined && !isSameOrigin(origin, host)) {
    throw new RequestError(403, `requests from pages of ${quote(origin)} are refused`)
  }
  if (!isSafe && (site === 'cross-site' || site === 'same-site')) {
    throw new RequestError(403, 'requests from pages of other sites are refused')
  }
}

/** The scheme is not compared: a proxy in front may speak TLS. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin)
  return match?.[1] !== undefined && host !== undefined && match[1].toLowerCase() === host.toLowerCase()
}

function checkUrl(request: FastifyRequest): void {
  if (request.url.length > MAX_URL_LENGTH) {
    throw new RequestError(
      414,
      `the address is ${request.url.length} characters long; at most ${MAX_URL_LENGTH} are read`,
    )
  }
  const problem = malformation(request.query)
  if (problem !== undefined) throw new AppError('REQUEST_INVALID', problem)
}
