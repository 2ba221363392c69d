/** Headers of every answer: nothing may frame, sniff, embed or cache it unless its route says otherwise. */
import type { FastifyReply } from 'fastify'
import type { Api } from '../api.ts'

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

export function useSecurityHeaders(app: Api): void {
  app.addHook('onRequest', (_request, reply, done) => {
    addSecurityHeaders(reply)
    done()
  })
}

/** Also for errors raised before any hook runs. */
export function addSecurityHeaders(reply: FastifyReply): FastifyReply {
  return reply.headers(HEADERS)
}
