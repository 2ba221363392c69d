/**
 * The sending end of the transport: batches become Kafka messages, and `send()` resolves when every replica in sync has
 * them. Sends that come while a round is under way go together in the next one. Back-pressure: beyond `bufferBytes` that are
 * accepted and not yet acknowledged, `send()` waits its turn. Nothing is retried for ever: a round that could not be brought
 * through in time rejects its senders, and everybody behind them, with a retryable error; sending again is harmless (event
 * key, sighting).
 */
import type { TopicName } from '../../../schemas/topics.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import type { Batch, Receipt, Transport } from '../transport.ts'
import { closeClient, createKafkaClient } from './client.ts'
import type { KafkaClientOptions } from './client-options.ts'
import { ensureTopics, type KafkaTopics, type TopicPlan } from './ensure-topics.ts'
import { createIdleRecovery } from './idle-recovery.ts'
import { createProduceQueue, type Round } from './produce-queue.ts'
import { createProducerConnection } from './producer-connection.ts'
import { createSendMeter } from './measure-client.ts'
import { encodeSending, type Outgoing, receiptOf, replaceTooLarge, type Sending } from './sending.ts'
import { traceSend } from './trace-messages.ts'
import { brokerFault, translateError } from './translate-error.ts'
import { throwIfStopping, untilAvailable } from './until-available.ts'

export type KafkaSinkDeps = {
  readonly client: KafkaClientOptions
  readonly log: Logger
  readonly plan: TopicPlan
  readonly mayCreateTopics: boolean
  /** Of topics that are made; null: the broker's default. */
  readonly replicas: number | null
  /** Bytes of messages that may be accepted and not yet acknowledged. One batch is always accepted. */
  readonly bufferBytes: number
  /** How long one round may take, the client's own retries included (they end after some ten seconds unless brokers hang); default 30,000. */
  readonly sendDeadlineMs?: number
  readonly now: () => Date
}

export type KafkaSink = Transport & {
  health(): KafkaSinkHealth
}

export type KafkaSinkHealth = {
  /** ready: the last send came through, or brokers and topics were found well since it failed. */
  readonly state: 'starting' | 'ready' | 'failing' | 'stopped'
  readonly pending_bytes: number
  /** Senders that wait for room. */
  readonly waiting: number
  readonly error: { readonly code: string; readonly message: string } | null
}

const CLOSE_MS = 5_000
const SEND_DEADLINE_MS = 30_000

/** start(): waits while no broker answers; rejects with BROKER_REFUSED or TOPIC_MISMATCH. */
export function createKafkaSink(deps: KafkaSinkDeps): KafkaSink {
  const connection = createProducerConnection({ ...deps, sendDeadlineMs: deps.sendDeadlineMs ?? SEND_DEADLINE_MS })
  const queue = createProduceQueue<Outgoing>()
  const measureSend = createSendMeter()
  const waiting: Sending[] = []
  const stopping = new AbortController()
  const recovery = createIdleRecovery({
    signal: stopping.signal,
    isOver: () => error === undefined,
    attempt: findBrokersWell,
  })
  let topics: KafkaTopics | undefined
  let limits: Record<TopicName, number> = { events: 0, dead_letters: 0 }
  let pendingBytes = 0
  let pumping: Promise<void> | undefined
  let stopped: Promise<void> | undefined
  let error: AppError | undefined

  async function start(): Promise<void> {
    topics = await untilAvailable(
      async () => {
        const found = await readTopics(deps)
        throwIfStopping(stopping.signal)
        await connection.connect().catch((cause: unknown) => {
          throw translateError(cause, 'connecting a producer')
        })
        return found
      },
      {
        log: deps.log,
        signal: stopping.signal,
        onFailure: (failure) => (error = failure),
        discard: () => connection.close(CLOSE_MS),
      },
    )
    if (stopping.signal.aborted) await connection.close(CLOSE_MS)
    limits = { events: topics.events.maxMessageBytes, dead_letters: topics.dead_letters.maxMessageBytes }
    error = undefined
  }

  function send(batch: Batch): Promise<Receipt> {
    if (topics === undefined || stopping.signal.aborted) {
      return Promise.reject(new AppError('STOPPING', 'The Kafka sink does not run.', { retryable: true }))
    }
    const to = topics
    const about = { topic: to.events.name, messages: batch.events.length + batch.deadLetters.length }
    return traceSend(about, (trace) => {
      const { promise, resolve, reject } = Promise.withResolvers<Receipt>()
      waiting.push({ batch, trace, resolve, reject, unacknowledged: 0, bytes: 0, tooLarge: 0, isSettled: false })
      acceptWaiting(to)
      return promise
    })
  }

  function acceptWaiting(to: KafkaTopics): void {
    while (pendingBytes < deps.bufferBytes) {
      const sending = waiting.shift()
      if (sending === undefined) break
      for (const queued of encodeSending(sending, to)) queue.add(queued)
      pendingBytes += sending.bytes
      if (sending.unacknowledged === 0) settle(sending)
    }
    if (!queue.isEmpty) pumping ??= pump(to)
  }

  async function pump(to: KafkaTopics): Promise<void> {
    await Promise.resolve() // sends of the same turn go together
    while (!queue.isEmpty) {
      await sendRound(to, queue.take(limits))
      acceptWaiting(to)
    }
    pumping = undefined
  }

  /** While somebody sends, that says it. */
  async function findBrokersWell(): Promise<void> {
    if (pumping !== undefined) return
    const to = await readTopics({ ...deps, mayCreateTopics: false })
    if (pumping !== undefined || stopping.signal.aborted) return
    pumping = connectAgain()
    await pumping
    pumping = undefined
    acceptWaiting(to)
  }

  async function connectAgain(): Promise<void> {
    try {
      await connection.connect()
      error = undefined
    } catch {
      // It is looked at again, and said by whoever sends.
    }
  }

  async function sendRound(to: KafkaTopics, round: Round<Outgoing>): Promise<void> {
    for (const queued of round.tooLarge) {
      const { sending } = queued.owner
      if (sending.isSettled) continue
      if (sending.batch.replay !== undefined) {
        // It has its letter already: the receipt tells whoever replays it.
        sending.tooLarge++
        if (--sending.unacknowledged === 0) settle(sending)
        continue
      }
      const replacement = replaceTooLarge(queued, to, limits[queued.topic], deps.now().toISOString())
      if (replacement !== undefined) queue.add(replacement)
      else settle(sending, new AppError('TOPIC_MISMATCH', `${to.dead_letters.name} takes no dead letter`))
    }
    if (round.parts.length === 0) return
    try {
      const parts = round.parts.map((part) => partOf(to, part))
      await measureSend(parts, () => connection.send(parts))
      error = undefined
      for (const { owner } of round.parts.flat()) if (--owner.sending.unacknowledged === 0) settle(owner.sending)
    } catch (cause) {
      if (brokerFault(cause) === 'MESSAGE_TOO_LARGE') lowerLimits(round)
      else rejectAll(round, translateError(cause, 'sending'))
    }
  }

  /** The broker takes less than the topic's limit said when we started: smaller batches, until single messages are too large. */
  function lowerLimits(round: Round<Outgoing>): void {
    const topic = round.parts.some(([first]) => first?.topic === 'events') ? 'events' : 'dead_letters'
    limits = { ...limits, [topic]: Math.floor(limits[topic] / 2) }
    deps.log.warn({ topic, bytes: limits[topic] }, 'the broker refuses batches of this size: sending smaller ones')
    queue.putBack(round)
  }

  /** Whoever is behind would wait for the same brokers in vain, and hold memory meanwhile. */
  function rejectAll(round: Round<Outgoing>, failure: AppError): void {
    error = failure
    recovery.begin()
    const retryable = new AppError(failure.code, failure.message, { retryable: true, cause: failure.cause })
    deps.log.warn({ err: failure }, 'a round of messages was not sent; its senders are asked to send again')
    for (const { owner } of round.parts.flat()) settle(owner.sending, retryable)
    queue.remove(({ sending }) => {
      settle(sending, retryable)
      return true
    })
    for (const sending of waiting.splice(0)) settle(sending, retryable)
  }

  function settle(sending: Sending, failure?: AppError): void {
    if (sending.isSettled) return
    sending.isSettled = true
    pendingBytes -= sending.bytes
    if (failure === undefined) sending.resolve(receiptOf(sending))
    else sending.reject(failure)
  }

  async function stopOnce(): Promise<void> {
    stopping.abort()
    while (pumping !== undefined) await pumping
    await connection.close(CLOSE_MS)
  }

  return {
    start,
    send,
    stop: () => (stopped ??= stopOnce()),
    health: () => ({
      state: stopping.signal.aborted ? 'stopped' : error !== undefined ? 'failing' : topics ? 'ready' : 'starting',
      pending_bytes: pendingBytes,
      waiting: waiting.length,
      error: error === undefined ? null : { code: error.code, message: error.message },
    }),
  }
}

function partOf(topics: KafkaTopics, part: Round<Outgoing>['parts'][number]) {
  const first = part[0] as (typeof part)[number]
  return {
    topic: topics[first.topic].name,
    partition: first.partition,
    messages: part.map(({ message }) => message),
  }
}

/** Over a connection of its own, closed again. */
export async function readTopics(
  deps: Pick<KafkaSinkDeps, 'client' | 'log' | 'plan' | 'mayCreateTopics' | 'replicas'>,
): Promise<KafkaTopics> {
  const client = createKafkaClient(deps.client, deps.log)
  const admin = client.kafka.admin()
  try {
    await admin.connect().catch((cause: unknown) => {
      throw translateError(cause, `connecting to ${deps.client.brokers.join(', ')}`)
    })
    return await ensureTopics({ ...deps, admin, mayCreate: deps.mayCreateTopics })
  } finally {
    await closeClient(client, [admin], CLOSE_MS)
  }
}
