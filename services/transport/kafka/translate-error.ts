/** What kafkajs and the brokers say, in our codes. The only place that looks at their errors. */
import { AppError, type ErrorCode } from '../../runtime/errors.ts'

/** What we read of an error of kafkajs; names and types are its public words. */
type ClientError = {
  readonly name?: unknown
  readonly type?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

/** Of the TLS layer: the other side's certificate is not to be trusted, or it speaks no TLS. */
const TLS_REFUSALS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/
const REFUSALS = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'POLICY_VIOLATION',
])
const TOPIC_FAULTS = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_ID'])

/** `doing` completes "… while <doing>", for the operator. */
export function translateError(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error
  const chain = causesOf(error)
  const code = chain.map(codeOf).find((found) => found !== undefined) ?? 'BROKER_UNAVAILABLE'
  const words =
    chain.map(({ message }) => message).findLast((message) => typeof message === 'string') ?? 'no reason given'
  return new AppError(code, `${lead(code)} while ${doing}: ${words}`, {
    retryable: code === 'BROKER_UNAVAILABLE',
    cause: error,
  })
}

/** Kafka's own name of the fault, for example MESSAGE_TOO_LARGE; undefined when it never reached a broker. */
export function brokerFault(error: unknown): string | undefined {
  return causesOf(error)
    .map(({ type }) => type)
    .find((type) => typeof type === 'string')
}

/** kafkajs found no coordinator of a group and does not say why. */
export function isNoCoordinator(error: unknown): boolean {
  return causesOf(error).some(({ name }) => name === 'KafkaJSGroupCoordinatorNotFound')
}

function codeOf(error: ClientError): ErrorCode | undefined {
  if (typeof error.type === 'string' && REFUSALS.has(error.type)) return 'BROKER_REFUSED'
  if (typeof error.type === 'string' && TOPIC_FAULTS.has(error.type)) return 'TOPIC_MISMATCH'
  if (error.name === 'KafkaJSSASLAuthenticationError') return 'BROKER_REFUSED'
  if (typeof error.code === 'string' && TLS_REFUSALS.test(error.code)) return 'BROKER_REFUSED'
  return undefined
}

function lead(code: ErrorCode): string {
  if (code === 'BROKER_REFUSED') return 'Kafka refused'
  if (code === 'TOPIC_MISMATCH') return 'A Kafka topic is missing or not as needed'
  return 'Kafka does not answer'
}

/** The error, its causes and, of an aggregate, its members; outermost first. Cycles end it. */
function causesOf(error: unknown): ClientError[] {
  const found: ClientError[] = []
  const queue: unknown[] = [error]
  while (queue.length > 0 && found.length < 20) {
    const next = queue.shift()
    if (typeof next !== 'object' || next === null || found.includes(next)) continue
    found.push(next)
    const { cause, errors } = next as ClientError
    queue.push(cause, ...(Array.isArray(errors) ? (errors as unknown[]) : []))
  }
  return found
}
