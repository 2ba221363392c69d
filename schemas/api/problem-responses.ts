/** The failures of a route, for its OpenAPI operation. */
import { PROBLEM_JSON } from './problem.ts'

const MEANINGS = {
  400: 'A parameter is unknown or has a wrong value: REQUEST_INVALID or QUERY_INVALID. Of a body: BODY_UNREADABLE.',
  404: 'There is nothing under this name: NOT_FOUND.',
  413: 'The body is larger than allowed: BODY_TOO_LARGE. Send smaller batches.',
  429: 'Too much is under way: OVERLOADED. Send it again after Retry-After seconds.',
  502: 'The store or the queue refused: STORE_REFUSED, BROKER_REFUSED, TOPIC_MISMATCH.',
  503: 'The store or the queue does not answer, or the service is stopping: STORE_UNAVAILABLE, BROKER_UNAVAILABLE, STOPPING. Ask again after Retry-After seconds.',
  504: 'The question took too long: QUERY_TIMEOUT. Narrow its time range.',
} as const

export type ProblemStatus = keyof typeof MEANINGS

/** Statuses of a route that takes a body and stores what is in it. */
export const BODY_PROBLEMS = [400, 413, 429, 502, 503] as const

/** Statuses of every route that asks the store. */
export const STORE_PROBLEMS = [400, 429, 502, 503, 504] as const

const OTHERS =
  'Any other failure: 403 foreign origin, 406 nothing acceptable, 414 address too long, 421 unknown host name, 500 a fault of ours, 503 stopping.'

type ProblemResponse = {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>
}

export function problemResponses<const S extends ProblemStatus>(statuses: readonly S[]) {
  const responses = statuses.map((status) => [status, response(MEANINGS[status])] as const)
  return { ...(Object.fromEntries(responses) as Record<S, ProblemResponse>), default: response(OTHERS) }
}

function response(description: string): ProblemResponse {
  return { description, content: { [PROBLEM_JSON]: { schema: { $ref: 'Problem#' } } } }
}
