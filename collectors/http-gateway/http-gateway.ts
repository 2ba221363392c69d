/**
 * Takes events over HTTP: `POST /v1/events` with a body of any known format, packed or not. The sender gets a 2xx only
 * when everything is safe (in the store, or acknowledged by the queue); any other answer means: send it again, or mend it.
 */
import type { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { BODY_PROBLEMS, problemResponses } from '../../schemas/api/problem-responses.ts'
import { Problem } from '../../schemas/api/problem.ts'
import { Accepted, Stored } from '../../schemas/api/received.ts'
import { AppError } from '../../services/runtime/errors.ts'
import { type BodyLimits, openBody, tooLarge } from './body-stream.ts'
import { type ReceiveDeps, receiveBody } from './receive-body.ts'

export type HttpGatewayDeps = Pick<ReceiveDeps, 'intake' | 'sink'> & {
  readonly clock: () => number
  /** IANA zone for shapes whose times carry none. */
  readonly timeZone?: string
  readonly limits?: Partial<BodyLimits>
  /** Bodies that are read and stored at the same time; more are answered with OVERLOADED. */
  readonly maxConcurrentBodies?: number
  /** The sink holds all that it may: bodies are answered with OVERLOADED before they are read. */
  readonly isFull?: () => boolean
}

const MiB = 1024 * 1024
const DEFAULT_LIMITS: BodyLimits = { maxBodyBytes: 64 * MiB, maxUnpackedBytes: 1024 * MiB }
const DEFAULT_CONCURRENT_BODIES = 16
const RETRY_AFTER_SECONDS = 1

/** A plugin for the HTTP API; errors are thrown as AppError for its error handler. */
export function createHttpGateway(deps: HttpGatewayDeps): FastifyPluginAsync {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits }
  const maxConcurrent = deps.maxConcurrentBodies ?? DEFAULT_CONCURRENT_BODIES
  let underWay = 0
  let isStopping = false

  return function httpGateway(app) {
    // The content tells its format, whatever the header says; and the body is never held as a whole.
    if (app.getSchema('Problem') === undefined) app.addSchema(Problem) // the query API has it already
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, body, done) => done(null, body))
    app.addHook('preClose', (done) => {
      isStopping = true
      done()
    })

    app.post('/v1/events', { schema, bodyLimit: limits.maxBodyBytes, validatorCompiler: () => () => true }, postEvents)
    return Promise.resolve()

    async function postEvents(request: FastifyRequest, reply: FastifyReply) {
      if (isStopping) throw new AppError('STOPPING', 'The service is stopping. Send again.', { retryable: true })
      const overload = whyOverloaded()
      if (overload !== undefined) {
        reply.header('retry-after', RETRY_AFTER_SECONDS)
        throw new AppError('OVERLOADED', `${overload} Send again.`, { retryable: true })
      }
      underWay++
      try {
        const { status, body } = await receive(request)
        reply.status(status)
        return body
      } finally {
        underWay--
      }
    }
  }

  function whyOverloaded(): string | undefined {
    if (underWay >= maxConcurrent) return `${maxConcurrent} bodies are under way already.`
    return deps.isFull?.() === true ? 'What was taken in waits to be stored.' : undefined
  }

  function receive(request: FastifyRequest) {
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared > limits.maxBodyBytes) throw tooLarge('The body', limits.maxBodyBytes)
    const stream = (request.body ?? []) as Readable | readonly never[]
    const body = openBody(toAsync(stream), request.headers['content-encoding'], limits)
    const context = {
      receivedAt: new Date(deps.clock()).toISOString(),
      ...(deps.timeZone === undefined ? {} : { timeZone: deps.timeZone }),
    }
    return receiveBody(body, { id: request.id, context }, { ...deps, limits })
  }
}

async function* toAsync(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* stream
}

const schema = {
  operationId: 'sendEvents',
  tags: ['Events'],
  summary: 'Send events in any known format',
  description:
    'JSON lines or a JSON array of Winlogbeat, Elastic Agent, OpenTelemetry, Fluent Bit, Vector or evtx_dump records, event XML, or an .evtx file; alone or in gzip, zstd or zip. The content tells its format; the Content-Type does not matter. Sending the same events again changes nothing.',
  consumes: ['application/x-ndjson', 'application/json', 'application/xml', 'application/octet-stream'],
  // For the document alone: the body is a stream of any format, and never validated as a whole.
  body: { description: 'Records of any known format, alone or packed.' },
  response: { 200: Stored, 202: Accepted, ...problemResponses(BODY_PROBLEMS) },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'An event log file',
      source: `curl -s --data-binary @pc7.evtx http://127.0.0.1:8080/v1/events`,
    },
    {
      lang: 'Shell',
      label: 'Packed JSON lines',
      source: `gzip -c winlogbeat.ndjson | curl -s --data-binary @- -H 'Content-Encoding: gzip' http://127.0.0.1:8080/v1/events`,
    },
  ],
} as const
