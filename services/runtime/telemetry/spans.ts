/** Spans around work, and what a batch of several senders is linked to. Without an SDK all of it does nothing. */
import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AppError } from '../errors.ts'
import { METER_NAME } from './instruments.ts'
import { timed } from './timed.ts'

/** SDKs keep 128 links of a span. */
export const MAX_LINKS = 128
const tracer = trace.getTracer(METER_NAME)

export type SpanAbout = {
  readonly kind?: 'internal' | 'producer' | 'consumer' | 'client'
  readonly attributes?: Attributes
  /** Whose work it is, where that is not the span it runs in. */
  readonly origin?: Origin
}

/** Where the work of a batch comes from. */
export type Origin = { readonly parent: Context; readonly links: readonly Link[] }

const KINDS = {
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
} as const

/** Runs `work` in a span, which ends with it; what it throws makes the span an error. */
export function inSpan<T>(name: string, about: SpanAbout, work: () => T): T {
  const { kind = 'internal', attributes = {}, origin } = about
  const options = { kind: KINDS[kind], attributes, links: [...(origin?.links ?? [])] }
  return tracer.startActiveSpan(name, options, origin?.parent ?? context.active(), (span) => {
    return timed(work, (_seconds, error) => end(span, error))
  })
}

/** Of an error the code alone, neither message nor exception: ClickHouse's words quote values of rows, and spans leave the machine. The log has them. */
function end(span: Span, error: unknown): void {
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', errorType(error))
  span.end()
}

/** Few values: a code of ours, or `_OTHER`. */
export function errorType(error: unknown): string {
  return error instanceof AppError ? error.code : '_OTHER'
}

/** The span that runs now, for whoever does its work later; undefined where there is none. */
export function senderOf(active: Context = context.active()): SpanContext | undefined {
  const sender = trace.getSpanContext(active)
  return sender !== undefined && isSpanContextValid(sender) ? sender : undefined
}

/**
 * A batch is linked with every sender whose records it holds. One that holds a single sender's records is also that sender's
 * child, and so of the same trace.
 */
export function originOf(senders: Iterable<SpanContext | undefined>): Origin {
  const distinct = new Map<string, SpanContext>()
  let isAlone = true
  for (const sender of senders) {
    if (sender === undefined) isAlone = false
    else if (distinct.size < MAX_LINKS) distinct.set(`${sender.traceId}${sender.spanId}`, sender)
  }
  const [first, ...others] = distinct.values()
  const hasOneSender = isAlone && first !== undefined && others.length === 0
  const parent = hasOneSender ? trace.setSpanContext(ROOT_CONTEXT, first) : ROOT_CONTEXT
  return { parent, links: [...distinct.values()].map((sender) => ({ context: sender })) }
}
