/**
 * Every request as a span that goes on with the caller's trace (W3C Trace Context), and its duration as a metric. What a route
 * starts is a part of it. Names follow OpenTelemetry's semantic conventions for HTTP. Without an SDK it does nothing.
 */
import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createHistogram, METER_NAME } from '../../runtime/telemetry/instruments.ts'
import { METRICS_PATH } from '../../runtime/telemetry/metrics-page.ts'
import type { Api } from '../api.ts'

type Measured = { readonly span: Span | undefined; readonly startedAt: number; isDone: boolean }

/** What supervisors ask every few seconds is no trace. */
const UNTRACED: readonly string[] = ['/healthz', '/readyz', METRICS_PATH]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE', 'QUERY'])
const tracer = trace.getTracer(METER_NAME)

export function useTelemetry(app: Api): void {
  const record = createHistogram('http.server.request.duration')
  const underWay = new WeakMap<FastifyRequest, Measured>()

  app.addHook('onRequest', (request, _reply, done) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers)
    const options = { kind: SpanKind.SERVER, attributes: attributesOf(request) }
    const isTraced = !UNTRACED.includes(request.routeOptions.url ?? '')
    const span = isTraced ? tracer.startSpan(nameOf(request), options, parent) : undefined
    underWay.set(request, { span, startedAt: performance.now(), isDone: false })
    if (span === undefined) done()
    else context.with(trace.setSpan(parent, span), done)
  })
  app.addHook('onRequestAbort', (request, done) => {
    finish(request, undefined)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    finish(request, reply)
    done()
  })

  function finish(request: FastifyRequest, reply: FastifyReply | undefined): void {
    const measured = underWay.get(request)
    if (measured === undefined || measured.isDone) return
    measured.isDone = true
    const status = reply?.statusCode
    const failure = status === undefined ? '_OTHER' : status >= 500 ? String(status) : undefined
    record((performance.now() - measured.startedAt) / 1000, {
      ...attributesOf(request),
      'http.response.status_code': status,
      'error.type': failure,
    })
    const { span } = measured
    if (status !== undefined) span?.setAttribute('http.response.status_code', status)
    if (failure !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', failure)
    span?.end()
  }
}

function attributesOf(request: FastifyRequest) {
  const route = routeOf(request)
  return {
    'http.request.method': methodOf(request),
    'url.scheme': 'http',
    ...(route === undefined ? {} : { 'http.route': route }),
  } as const
}

/** The pattern, never the address (`url.path`): callers choose that, and a log line is looked up by an address that holds it. */
function routeOf(request: FastifyRequest): string | undefined {
  return request.is404 ? undefined : request.routeOptions.url
}

const methodOf = ({ method }: FastifyRequest): string => (METHODS.has(method) ? method : '_OTHER')

function nameOf(request: FastifyRequest): string {
  const route = routeOf(request)
  return route === undefined ? methodOf(request) : `${methodOf(request)} ${route}`
}
