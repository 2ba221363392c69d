/** Counts and durations of what the Kafka client does, named as OpenTelemetry's semantic conventions for messaging say. */
import { createCounter, createHistogram } from '../../runtime/telemetry/instruments.ts'
import { errorType } from '../../runtime/telemetry/spans.ts'
import { timed } from '../../runtime/telemetry/timed.ts'
import { translateError } from './translate-error.ts'

export type SendMeter = <T>(parts: readonly SentPart[], send: () => Promise<T>) => Promise<T>
type SentPart = { readonly topic: string; readonly messages: { readonly length: number } }

/** Around one round of messages to any number of partitions. */
export function createSendMeter(): SendMeter {
  const sent = createCounter('messaging.client.sent.messages')
  const duration = createHistogram('messaging.client.operation.duration')

  return async function measureSend(parts, send) {
    const messages = new Map<string, number>()
    for (const part of parts) messages.set(part.topic, (messages.get(part.topic) ?? 0) + part.messages.length)
    return timed(send, (seconds, error) => {
      for (const [topic, count] of messages) {
        const attributes = attributesOf('send', topic, error)
        sent(count, attributes)
        duration(seconds, { ...attributes, 'messaging.operation.type': 'send' })
      }
    })
  }
}

export type ConsumedCounter = (topic: string, messages: number) => void

export function createConsumedCounter(groupId: string): ConsumedCounter {
  const consumed = createCounter('messaging.client.consumed.messages')
  return function countConsumed(topic, messages) {
    consumed(messages, { ...attributesOf('poll', topic), 'messaging.consumer.group.name': groupId })
  }
}

export type CommitMeter = <T>(commit: () => Promise<T>) => Promise<T>

/** A commit is of all topics of the group at once. */
export function createCommitMeter(groupId: string): CommitMeter {
  const duration = createHistogram('messaging.client.operation.duration')
  return function measureCommit(commit) {
    return timed(commit, (seconds, error) =>
      duration(seconds, {
        ...attributesOf('commit', undefined, error),
        'messaging.operation.type': 'settle',
        'messaging.consumer.group.name': groupId,
      }),
    )
  }
}

function attributesOf(operation: 'send' | 'poll' | 'commit', topic: string | undefined, error?: unknown) {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': operation,
    'messaging.destination.name': topic,
    'error.type': error === undefined ? undefined : errorType(translateError(error, operation)),
  } as const
}
