/** The HTTP server of a gateway that has no store behind it: the guards and failures of the API, and `POST /v1/events` alone. */
import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, type FastifyPluginAsync, LogController } from 'fastify'
import type { Api } from '../query-api/api.ts'
import { parseQueryString } from '../query-api/parameters/query-string.ts'
import { answerClientError } from '../query-api/plugins/client-errors.ts'
import { answerError, useProblemDetails } from '../query-api/plugins/problem-details.ts'
import { useRequestGuard } from '../query-api/plugins/request-guard.ts'
import { addSecurityHeaders, useSecurityHeaders } from '../query-api/plugins/security-headers.ts'
import { useTelemetry } from '../query-api/plugins/telemetry.ts'
import { useUnknownRoutes } from '../query-api/plugins/unknown-routes.ts'
import type { Health } from '../runtime/health.ts'

/** Resolves when it is ready for `listen`. It answers /healthz and /readyz too, for what balances load between gateways. */
export async function createGatewayApp(deps: {
  readonly gateway: FastifyPluginAsync
  readonly health: Health
  readonly allowedHosts: readonly string[]
  readonly log: FastifyBaseLogger
}): Promise<Api> {
  const app = fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: () => randomUUID(),
    return503OnClosing: false, // the guard answers STOPPING itself
    requestTimeout: 300_000,
    routerOptions: { querystringParser: parseQueryString },
    frameworkErrors: (error, request, reply) => void answerError(error, request, addSecurityHeaders(reply)),
    clientErrorHandler: answerClientError,
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  useSecurityHeaders(app)
  useTelemetry(app)
  useProblemDetails(app)
  useRequestGuard(app, deps.allowedHosts)
  useUnknownRoutes(app)
  await app.after()
  for (const path of ['/healthz', '/readyz'] as const) {
    app.get(path, async function answerHealth(_request, reply) {
      const { status, body } = await deps.health[path]()
      if (status === 503) void reply.header('retry-after', '5')
      return reply.status(status).send(body)
    })
  }
  await app.register(deps.gateway)
  await app.ready()
  return app
}
