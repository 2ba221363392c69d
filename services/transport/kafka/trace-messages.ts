/**
 * Traces over Kafka: the sender's context travels in the messages' headers (W3C Trace Context), and what handles them is a
 * span with links to all the senders. Names follow OpenTelemetry's semantic conventions for messaging. Without an SDK all of
 * it does nothing.
 */
import {
  type Attributes,
  context,
  type Link,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { textHeader } from './decode-message.ts'
import type { Chunk } from './partition-ledger.ts'
import type { KafkaRecord } from './record-reader.ts'

/** SDKs keep 128 links of a span. */
const MAX_LINKS = 128
const TRACE_HEADER = 'traceparent'
const tracer = trace.getTracer('roamwatch')

/** A span around `send`, which gets the headers that carry it. */
export function traceSend<T>(
  about: { readonly topic: string; readonly messages: number },
  send: (headers: Record<string, string>) => Promise<T>,
): Promise<T> {
  const attributes = attributesOf('send', about)
  return tracer.startActiveSpan(`send ${about.topic}`, { kind: SpanKind.PRODUCER, attributes }, (span) => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    return untilEnd(span, send(headers))
  })
}

/** A span around `handle`, linked with the spans that sent the chunks' messages. */
export function traceProcess<T>(
  about: { readonly topic: string; readonly groupId: string },
  chunks: readonly Chunk<KafkaRecord>[],
  handle: () => Promise<T>,
): Promise<T> {
  const messages = chunks.reduce((sum, { records }) => sum + records.length, 0)
  const attributes = {
    ...attributesOf('process', { topic: about.topic, messages }),
    'messaging.consumer.group.name': about.groupId,
  }
  const options = { kind: SpanKind.CONSUMER, attributes, links: linksOf(chunks) }
  return tracer.startActiveSpan(`process ${about.topic}`, options, (span) => untilEnd(span, handle()))
}

function attributesOf(operation: 'send' | 'process', about: { topic: string; messages: number }): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.name': about.topic,
    'messaging.batch.message_count': about.messages,
  }
}

async function untilEnd<T>(span: Span, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    span.recordException(error as Error)
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

/** Messages of one hand-over carry the same header: each sender is linked once. */
function linksOf(chunks: readonly Chunk<KafkaRecord>[]): Link[] {
  const parents = new Set<string>()
  for (const { records } of chunks) {
    for (const { headers } of records) {
      if (headers === undefined || !(TRACE_HEADER in headers)) continue
      const parent = textHeader(headers, TRACE_HEADER)
      if (parent !== undefined && parents.size < MAX_LINKS) parents.add(parent)
    }
  }
  return [...parents].flatMap((parent) => {
    const sender = propagation.extract(context.active(), { [TRACE_HEADER]: parent })
    const spanContext = trace.getSpanContext(sender)
    return spanContext === undefined || parent === '' ? [] : [{ context: spanContext }]
  })
}
