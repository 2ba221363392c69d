/** GET /readyz: everything that answers depend on is there, or which part is not and why. */
import { Type } from 'typebox'
import type { Ready, ReadyCheck } from '../../../schemas/api/health.ts'
import { noParameters } from '../../../schemas/api/parameters.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Api, HealthCheck, RouteDeps } from '../api.ts'
import { PROBLEM_JSON } from '../../../schemas/api/problem.ts'
import { problemOf } from '../plugins/problem-details.ts'
import { problemResponses } from '../../../schemas/api/problem-responses.ts'

const CHECK_TIMEOUT_MS = 2000
const TOO_LATE = `no answer within ${CHECK_TIMEOUT_MS / 1000} seconds`

const schema = {
  operationId: 'isReady',
  tags: ['Health'],
  summary: 'Is everything there that answers depend on?',
  description: 'For a load balancer: send requests only while this is 200. 503 names what is missing in `checks`.',
  querystring: noParameters,
  response: {
    200: Type.Unsafe<Ready>({ $ref: 'Ready#' }),
    ...problemResponses([400, 503]),
  },
  'x-codeSamples': [{ lang: 'Shell', label: 'Ready?', source: 'curl -s http://127.0.0.1:8080/readyz' }],
} as const

type Outcome = ReadyCheck & { readonly error?: unknown }

export function addReadyzRoute(app: Api, { reader, health }: RouteDeps): void {
  const all: readonly HealthCheck[] = [{ name: 'store', check: () => reader.ping() }, ...health]

  app.get('/readyz', { schema }, async function isReady(request, reply) {
    const outcomes = await Promise.all(all.map((part) => run(part)))
    const checks = outcomes.map(({ name, ok, detail }) => ({ name, ok, detail }))
    const missing = outcomes.filter(({ ok }) => !ok)
    if (missing.length === 0) return { status: 'ready' as const, checks }
    for (const { name, error } of missing) request.log.warn({ check: name, err: error }, 'not ready')
    const detail = missing.map((check) => `${check.name}: ${check.detail ?? 'not ready'}`).join('; ')
    const code = missing.map(({ error }) => error).find((error) => error instanceof AppError)?.code
    return reply
      .status(503)
      .header('retry-after', '5')
      .type(PROBLEM_JSON)
      .send({ ...problemOf(code ?? 'INTERNAL', 503, detail, request.id), checks })
  })
}

/** Never rejects. What other errors than our own say may name addresses and accounts: that stays in the log. */
async function run({ name, check }: HealthCheck): Promise<Outcome> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new AppError('STORE_UNAVAILABLE', TOO_LATE)), CHECK_TIMEOUT_MS)
  try {
    await Promise.race([check(), late])
    return { name, ok: true, detail: null }
  } catch (error) {
    return { name, ok: false, detail: error instanceof AppError ? error.message : 'failed; the log says why', error }
  } finally {
    clearTimeout(timer)
  }
}
