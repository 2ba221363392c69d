/**
 * Traces over Kafka: the sender's context travels in the messages' headers (W3C Trace Context), and what handles them is a
 * span with links to all the senders. Names follow OpenTelemetry's semantic conventions for messaging. Without an SDK all of
 * it does nothing.
 */
import { type Attributes, context, propagation, ROOT_CONTEXT, type SpanContext } from '@opentelemetry/api'
import { createHistogram } from '../../runtime/telemetry/instruments.ts'
import { errorType, inSpan, originOf, senderOf } from '../../runtime/telemetry/spans.ts'
import { timed } from '../../runtime/telemetry/timed.ts'
import { textHeader } from './decode-message.ts'
import type { Chunk } from './partition-ledger.ts'
import type { KafkaRecord } from './record-reader.ts'

const TRACE_HEADER = 'traceparent'
const STATE_HEADER = 'tracestate'

/** A span around `send`, which gets the headers that carry it. */
export function traceSend<T>(
  about: { readonly topic: string; readonly messages: number },
  send: (headers: Record<string, string>) => Promise<T>,
): Promise<T> {
  return inSpan(`send ${about.topic}`, { kind: 'producer', attributes: attributesOf('send', about) }, () => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    return send(headers)
  })
}

type Handle = (chunks: readonly Chunk<KafkaRecord>[]) => Promise<void>

/** `handle` in a span that is linked with those that sent the chunks' messages, and its duration as a metric. */
export function traceProcess(groupId: string, handle: Handle): Handle {
  const recordDuration = createHistogram('messaging.process.duration')

  return async function handleInSpan(chunks) {
    const topic = topicOf(chunks)
    const messages = chunks.reduce((sum, { records }) => sum + records.length, 0)
    const ofGroup = { 'messaging.consumer.group.name': groupId }
    const attributes = { ...attributesOf('process', { topic, messages }), ...ofGroup }
    const about = { kind: 'consumer', attributes, origin: originOf(sendersOf(chunks)) } as const
    const done = (seconds: number, error?: unknown) =>
      recordDuration(seconds, {
        ...ofGroup,
        'messaging.system': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.destination.name': topic,
        'error.type': error === undefined ? undefined : errorType(error),
      })
    await timed(() => inSpan(`process ${topic}`, about, () => handle(chunks)), done)
  }
}

/** Events may come with a few dead letters: the topic is the one that most messages are of. */
function topicOf(chunks: readonly Chunk<KafkaRecord>[]): string {
  const messages = new Map<string, number>()
  for (const { topic, records } of chunks) messages.set(topic, (messages.get(topic) ?? 0) + records.length)
  return [...messages].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0])[0]
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

/** Messages of one hand-over carry the same headers: each is read once. undefined among them: a message without a sender's span. */
function sendersOf(chunks: readonly Chunk<KafkaRecord>[]): Iterable<SpanContext | undefined> {
  const senders = new Map<string, SpanContext | undefined>()
  for (const { records } of chunks) {
    for (const { headers = {} } of records) {
      const parent = textHeader(headers, TRACE_HEADER) ?? ''
      if (senders.has(parent)) continue
      const state = textHeader(headers, STATE_HEADER)
      const carrier = { [TRACE_HEADER]: parent, ...(state === undefined ? {} : { [STATE_HEADER]: state }) }
      senders.set(parent, parent === '' ? undefined : senderOf(propagation.extract(ROOT_CONTEXT, carrier)))
    }
  }
  return senders.values()
}
