/** Answers every error as RFC 9457 problem details with our `code`. What went wrong inside is logged, never sent. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type Problem, PROBLEM_JSON } from '../../../schemas/api/problem.ts'
import { AppError, ERROR_CODES, type ErrorCode } from '../../runtime/errors.ts'
import type { Api } from '../api.ts'

/** HTTP status of each code that a request can meet; the others are faults of ours (500). */
const STATUSES: { readonly [C in ErrorCode]?: number } = {
  REQUEST_INVALID: 400,
  QUERY_INVALID: 400,
  BODY_UNREADABLE: 400,
  QUERY_REFUSED: 403,
  NOT_FOUND: 404,
  BODY_TOO_LARGE: 413,
  OVERLOADED: 429,
  STORE_REFUSED: 502,
  BROKER_REFUSED: 502,
  TOPIC_MISMATCH: 502,
  STOPPING: 503,
  STORE_UNAVAILABLE: 503,
  BROKER_UNAVAILABLE: 503,
  QUERY_TIMEOUT: 504,
}

/** What a request can meet, for the reference page. */
export const HTTP_FAILURES = Object.entries({ ...STATUSES, INTERNAL: 500 }).map(([code, status]) => ({
  code,
  status,
  meaning: ERROR_CODES[code as ErrorCode],
}))

/** Seconds after which it makes sense to ask again. */
const RETRY_AFTER_SECONDS: { readonly [C in ErrorCode]?: number } = {
  OVERLOADED: 1,
  STOPPING: 5,
  STORE_UNAVAILABLE: 5,
  BROKER_UNAVAILABLE: 5,
}

/** Some of fastify's messages quote the whole address. */
const MAX_FOREIGN_DETAIL = 200

/** Errors that fastify itself raises about a request; the rest of its 4xx errors are REQUEST_INVALID. */
const FASTIFY_ERRORS: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'BODY_UNREADABLE',
  FST_ERR_CTP_INVALID_JSON_BODY: 'BODY_UNREADABLE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BODY_UNREADABLE',
}

type Failure = {
  readonly code: ErrorCode
  readonly status: number
  readonly detail: string
  readonly headers: Readonly<Record<string, string>>
}

export function useProblemDetails(app: Api): void {
  app.setErrorHandler(answerError)
}

/** Also for errors raised before a route is found (fastify's `frameworkErrors`). */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = failureOf(error, request.id)
  if (failure.status >= 500) request.log.error({ err: error, code: failure.code }, 'a request failed')
  else request.log.debug({ err: error, code: failure.code }, 'a request was refused')
  return reply
    .status(failure.status)
    .headers(failure.headers)
    .header('cache-control', 'no-store')
    .type(PROBLEM_JSON)
    .send(problemOf(failure.code, failure.status, failure.detail, request.id))
}

export function problemOf(code: ErrorCode, status: number, detail: string, requestId: string): Problem {
  return {
    type: `urn:roamwatch:error:${code}`,
    title: ERROR_CODES[code],
    status,
    detail,
    instance: `urn:uuid:${requestId}`,
    code,
  }
}

function failureOf(error: unknown, requestId: string): Failure {
  if (error instanceof AppError) {
    const status = statusOf(error)
    if (status !== undefined) {
      return {
        code: error.code,
        status,
        detail: error.message,
        headers: { ...retryAfter(error.code), ...headersOf(error) },
      }
    }
  } else if (isRefusedByFastify(error)) {
    const code = FASTIFY_ERRORS[error.code] ?? 'REQUEST_INVALID'
    return { code, status: error.statusCode, detail: error.message.slice(0, MAX_FOREIGN_DETAIL), headers: {} }
  }
  const detail = `Roamwatch failed to answer. Its log has the cause under request_id ${requestId}.`
  return { code: 'INTERNAL', status: 500, detail, headers: {} }
}

/** Routes of other stages may set `statusCode` (and `headers`) on an AppError where one code has several statuses. */
function statusOf(error: AppError): number | undefined {
  const own: unknown = Reflect.get(error, 'statusCode')
  const isOwn = typeof own === 'number' && own >= 400 && own <= 599
  return isOwn && STATUSES[error.code] !== undefined ? own : STATUSES[error.code]
}

function headersOf(error: AppError): Record<string, string> {
  const headers: unknown = Reflect.get(error, 'headers')
  return typeof headers === 'object' && headers !== null ? { ...(headers as Record<string, string>) } : {}
}

function retryAfter(code: ErrorCode): Record<string, string> {
  const seconds = RETRY_AFTER_SECONDS[code]
  return seconds === undefined ? {} : { 'retry-after': String(seconds) }
}

function isRefusedByFastify(error: unknown): error is FastifyError & { statusCode: number } {
  if (!(error instanceof Error)) return false
  const { code, statusCode } = error as Partial<FastifyError>
  return (
    typeof code === 'string' &&
    code.startsWith('FST_') &&
    statusCode !== undefined &&
    statusCode >= 400 &&
    statusCode < 500
  )
}
