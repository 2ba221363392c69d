/** Answers what Node's HTTP parser refuses before there is a request: malformed, overlong or too slow. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { PROBLEM_JSON } from '../../../schemas/api/problem.ts'
import { problemOf } from './problem-details.ts'

const DRAIN_MS = 2000

const REFUSALS: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'the request line and headers are longer than 16 KiB' },
  HPE_INVALID_URL: { status: 400, detail: 'the address has characters that must be percent-encoded as UTF-8' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'the request did not arrive in time' },
}

export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  // Every further piece of a refused request is an error again.
  if (socket.writableEnded) return
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, detail } = REFUSALS[error.code ?? ''] ?? { status: 400, detail: 'this is not an HTTP/1.1 request' }
  const body = JSON.stringify(problemOf('REQUEST_INVALID', status, detail, randomUUID()))
  // Reads on until the other side has finished or the time is over: a socket closed with unread bytes is reset, and the
  // answer is lost with it.
  socket.resume()
  setTimeout(() => socket.destroy(), DRAIN_MS).unref()
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: ${PROBLEM_JSON}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
