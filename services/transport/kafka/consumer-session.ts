/**
 * The life of one kafkajs consumer, from joining the group to its end. kafkajs' own way to restart after a crash is switched
 * off: a session that ended is thrown away with its connections, and whoever opened it opens another. So a fault that leaves
 * the consumer in a strange state, or hanging, is mended the same way as any other.
 */
import type { Admin, Batch, Consumer, EachBatchPayload } from 'kafkajs'
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { createBoundedCommit } from './bounded-commit.ts'
import { closeClient, createKafkaClient } from './client.ts'
import type { KafkaClientOptions } from './client-options.ts'
import { createCommitMeter } from './measure-client.ts'
import type { PartitionId, PartitionOffset } from './partition-ledger.ts'
import { isNoCoordinator, translateError } from './translate-error.ts'

export type SessionDeps = {
  readonly client: KafkaClientOptions
  readonly log: Logger
  readonly groupId: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  /** A new share of the partitions; what was ours before is no longer. Called before anything of it is read. */
  readonly onAssigned: (partitions: readonly PartitionId[], session: ConsumerSession) => void
  /**
   * One fetch's messages of one partition. `accept` moves the reading position behind them. `beat` keeps the membership
   * while it takes long; it rejects when the group takes the partitions away: let that through.
   */
  readonly onBatch: (batch: Batch, control: BatchControl) => Promise<void>
}
export type BatchControl = {
  readonly accept: () => void
  readonly beat: () => Promise<void>
  /** A seek is under way: these messages are not wanted any more. */
  readonly isStale: () => boolean
}

export type ConsumerSession = {
  readonly admin: Admin
  /** Resolves with the error when the session is over. */
  readonly ended: Promise<AppError>
  /** Ends it. */
  fail(error: AppError): void
  /** All partitions, present and future. Membership stays. */
  setPaused(isPaused: boolean): void
  /** Where the partition is read from next. */
  seek(at: PartitionOffset): void
  readonly commit: (offsets: readonly PartitionOffset[]) => Promise<void>
  /** Leaves the group, within the deadline. */
  close(deadlineMs: number): Promise<void>
}

/** Most of a fetch, compressed: JSON grows ten- to fiftyfold, and all of it is unpacked at once. A single larger batch still comes. */
const MAX_FETCH_BYTES = 256 * 1024
const MAX_PARTITION_BYTES = 64 * 1024
/** The broker answers when it has so much, or after this time. */
const MIN_FETCH_BYTES = 32 * 1024
const MAX_WAIT_MS = 200
const REBALANCE_MS = 60_000
/** Longer than a request and its retries take where anybody answers at all. */
const COMMIT_MS = 45_000
/** Without any sign of work for so many seconds in which this process itself did run, the consumer hangs. */
const HANG_TICKS = 120
const TICK_MS = 1_000
const RETRY = { initialRetryTime: 200, maxRetryTime: 2_000, retries: 5, restartOnFailure: () => Promise.resolve(false) }

/** Resolves when the group has been joined. Rejects with what kept it from that; then nothing is left open. */
export async function openSession(deps: SessionDeps): Promise<ConsumerSession> {
  const client = createKafkaClient(deps.client, deps.log)
  const admin = client.kafka.admin({ retry: { retries: 2 } })
  const consumer = client.kafka.consumer({
    groupId: deps.groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: deps.sessionTimeoutMs,
    heartbeatInterval: Math.max(100, Math.floor(deps.sessionTimeoutMs / 10)),
    rebalanceTimeout: Math.max(REBALANCE_MS, deps.sessionTimeoutMs),
    minBytes: MIN_FETCH_BYTES,
    maxBytes: MAX_FETCH_BYTES,
    maxBytesPerPartition: MAX_PARTITION_BYTES,
    maxWaitTimeInMs: MAX_WAIT_MS,
    retry: RETRY,
  })
  const measureCommit = createCommitMeter(deps.groupId)
  const end = Promise.withResolvers<AppError>()
  const translate = (error: unknown, doing: string) =>
    translateError(isNoCoordinator(error) ? (client.lastFault() ?? error) : error, doing)
  const session: ConsumerSession = {
    admin,
    ended: end.promise,
    fail: end.resolve,
    setPaused: (isPaused) => setPaused(consumer, deps.topics, isPaused),
    seek: ({ topic, partition, offset }) => consumer.seek({ topic, partition, offset: String(offset) }),
    commit: createBoundedCommit({
      commit: (offsets) =>
        measureCommit(() =>
          consumer.commitOffsets(
            offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
          ),
        ),
      ended: end.promise,
      deadlineMs: COMMIT_MS,
      endSession: end.resolve,
    }),
    close: (deadlineMs) => closeClient(client, [consumer, admin], deadlineMs),
  }
  consumer.on('consumer.crash', ({ payload }) => end.resolve(translate(payload.error, 'reading')))
  consumer.on('consumer.group_join', ({ payload }) => deps.onAssigned(partitionsOf(payload.memberAssignment), session))
  const watch = watchForHang(consumer, session)
  try {
    client.setTelling(true)
    await join(deps, consumer, admin, watch.note)
    await failIfOver(session)
    client.setTelling(false)
    void session.ended.then(watch.stop)
    return session
  } catch (error) {
    watch.stop()
    await session.close(1_000)
    throw translate(error, `joining the consumer group ${deps.groupId}`)
  }
}

async function join(deps: SessionDeps, consumer: Consumer, admin: Admin, note: () => void): Promise<void> {
  await admin.connect()
  await consumer.connect()
  // Where a group has no position, or retention deleted what it points to, nothing that is still there is skipped.
  await consumer.subscribe({ topics: [...deps.topics], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false, // what was not accepted is fetched again
    eachBatch: (payload) => deps.onBatch(payload.batch, controlOf(payload, note)),
  })
}

function controlOf(payload: EachBatchPayload, note: () => void): BatchControl {
  return {
    accept: () => payload.resolveOffset(payload.batch.messages.at(-1)?.offset ?? payload.batch.lastOffset()),
    beat() {
      note()
      return payload.heartbeat()
    },
    isStale: () => payload.isStale() || !payload.isRunning(),
  }
}

async function failIfOver(session: ConsumerSession): Promise<void> {
  const error = await Promise.race([session.ended, Promise.resolve(undefined)])
  if (error !== undefined) throw error
}

function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): PartitionId[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}

/** kafkajs throws when the consumer is between two lives; then there is nothing to pause. */
function setPaused(consumer: Consumer, topics: readonly string[], isPaused: boolean): void {
  const all = topics.map((topic) => ({ topic }))
  try {
    if (isPaused) consumer.pause(all)
    else consumer.resume(all)
  } catch {
    // not running: openSession's caller sets it again after joining
  }
}

/** A consumer that fetches, beats or gets answers lives. Ticks count only while this process runs itself (SIGSTOP, a debugger). */
function watchForHang(consumer: Consumer, session: ConsumerSession): { note: () => void; stop: () => void } {
  let silentTicks = 0
  const note = () => {
    silentTicks = 0
  }
  consumer.on('consumer.fetch_start', note)
  consumer.on('consumer.heartbeat', note)
  consumer.on('consumer.network.request', note)
  const timer = setInterval(() => {
    if (++silentTicks >= HANG_TICKS) {
      session.fail(new AppError('BROKER_UNAVAILABLE', 'the Kafka client hangs: it is replaced', { retryable: true }))
    }
  }, TICK_MS)
  timer.unref() // a session that was closed, rather than failed, is not to keep the process alive
  return { note, stop: () => clearInterval(timer) }
}
