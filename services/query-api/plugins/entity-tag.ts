/** ETag and 304 for answers that change only with the program (`config.isStatic`): asked again, they are not sent again. */
import { createHash } from 'node:crypto'
import type { Api } from '../api.ts'

export function useEntityTags(app: Api): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.routeOptions.config.isStatic !== true || reply.statusCode !== 200 || typeof payload !== 'string') {
      return payload
    }
    const tag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`
    void reply.header('etag', tag).header('cache-control', 'no-cache')
    if (!isMatch(request.headers['if-none-match'], tag)) return payload
    void reply.code(304).removeHeader('content-type')
    // fastify takes the body of HEAD away itself, after it has taken its length.
    return request.method === 'HEAD' ? payload : null
  })
}

/** RFC 9110, section 13.1.2: weak comparison. */
function isMatch(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === tag)
}
