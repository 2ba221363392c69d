/** One `send()` on its way: which messages it became, how many are not acknowledged yet, and its receipt. */
import type { DeadLetter } from '../../../schemas/dead-letter.ts'
import { MESSAGE_HEADERS, type TopicName } from '../../../schemas/topics.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import type { Batch, Receipt } from '../transport.ts'
import {
  encodeDeadLetter,
  encodeEvent,
  type Message,
  messageHeaders,
  shortenDeadLetter,
  tooLargeLetter,
} from './encode-message.ts'
import { partitionForKey } from './partition-for-key.ts'
import type { Queued } from './produce-queue.ts'

export type Sending = {
  readonly batch: Batch
  /** Headers of the sender's trace, if there is one. */
  readonly trace: Readonly<Record<string, string>>
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: unknown) => void
  /** Messages that are not acknowledged. */
  unacknowledged: number
  /** Of its messages, together. */
  bytes: number
  /** Events that became dead letters because no message may be so large. */
  tooLarge: number
  isSettled: boolean
}

/** A message's owner: the sending, and what the message was made of. */
export type Outgoing = {
  readonly sending: Sending
  readonly record: { readonly event: WindowsEvent } | { readonly letter: DeadLetter; readonly isShortened: boolean }
}
export type Topics = Readonly<Record<TopicName, { readonly name: string; readonly partitions: number }>>

export function encodeSending(sending: Sending, topics: Topics): Queued<Outgoing>[] {
  const { batch, trace } = sending
  const replay = batch.replay === undefined ? {} : { [MESSAGE_HEADERS.replay]: JSON.stringify(batch.replay) }
  const headers = messageHeaders(batch.tenant, { ...trace, ...replay })
  const letterHeaders = headersOfLetters(sending)
  const queued = [
    ...batch.deadLetters.map((letter) =>
      place(topics, 'dead_letters', encodeDeadLetter(letter, letterHeaders), {
        sending,
        record: { letter, isShortened: false },
      }),
    ),
    ...batch.events.map((event) =>
      place(topics, 'events', encodeEvent(batch.tenant, event, headers), { sending, record: { event } }),
    ),
  ]
  sending.unacknowledged = queued.length
  sending.bytes = queued.reduce((sum, { message }) => sum + message.bytes, 0)
  return queued
}

/**
 * What goes instead of a message that is larger than its topic takes (`limit` in bytes): an event's dead letter, a letter's
 * beginning; undefined when even that was too large.
 */
export function replaceTooLarge(
  { owner, message }: Queued<Outgoing>,
  topics: Topics,
  limit: number,
  receivedAt: string,
): Queued<Outgoing> | undefined {
  const { sending, record } = owner
  const headers = headersOfLetters(sending)
  if ('event' in record) {
    sending.tooLarge++
    const about = { topic: topics.events.name, limit, shipper: record.event.shipper, receivedAt }
    const letter = tooLargeLetter(sending.batch.tenant, message.value, about)
    const replaced = { sending, record: { letter, isShortened: false } }
    return place(topics, 'dead_letters', encodeDeadLetter(letter, headers), replaced)
  }
  if (record.isShortened) return undefined
  const letter = shortenDeadLetter(record.letter)
  return place(topics, 'dead_letters', encodeDeadLetter(letter, headers), {
    sending,
    record: { letter, isShortened: true },
  })
}

export function receiptOf({ batch, tooLarge }: Sending): Receipt {
  const accepted = batch.events.length - tooLarge
  const dead_lettered = batch.deadLetters.length + tooLarge
  return { received: accepted + dead_lettered + batch.dropped, accepted, dead_lettered, dropped: batch.dropped }
}

function headersOfLetters({ batch, trace }: Sending): Record<string, string> {
  return messageHeaders(batch.tenant, { ...trace, [MESSAGE_HEADERS.batch]: batch.batchId })
}

function place(topics: Topics, topic: TopicName, message: Message, owner: Outgoing): Queued<Outgoing> {
  return { topic, partition: partitionForKey(message.key, topics[topic].partitions), message, owner }
}
