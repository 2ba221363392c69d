/**
 * Reads topics as a member of a consumer group and hands over what it read, in chunks over all its partitions. An offset
 * is committed only after `handle` resolved for everything before it. Lives as long as it is told to: brokers that go away,
 * crash or move, a client that hangs, topics that vanish are waited for and joined again. What kind of records they are,
 * it does not know.
 */
import type { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { createChunkBuffer } from './chunk-buffer.ts'
import type { KafkaClientOptions } from './client-options.ts'
import { createCommitter } from './committer.ts'
import { type ConsumerSession, openSession } from './consumer-session.ts'
import { lagOf, type PartitionLag, refreshEnds } from './lag.ts'
import { type Chunk, createPartitionLedger } from './partition-ledger.ts'
import { offsetsAt, type Position } from './positions.ts'
import { createRecordReader, type KafkaRecord } from './record-reader.ts'
import { runStoreLoop } from './store-loop.ts'
import { superviseSessions } from './supervise-sessions.ts'
import { withinDeadline } from './within-deadline.ts'

export type RecordConsumerDeps = {
  readonly client: KafkaClientOptions
  readonly log: Logger
  readonly groupId: string
  readonly topics: readonly string[]
  /** Where a partition begins that the group has no position in. */
  readonly start: Position
  /** Before every joining, for example to check the topics; rejects with an AppError. */
  readonly prepare?: () => Promise<unknown>
  /**
   * Stores the chunks. Rejecting with an AppError means: not now; they come again, and reading pauses when the buffer is
   * full. Anything else is a fault of ours, see `onFault`. Chunks may come twice; in order per partition unless they do.
   */
  readonly handle: (chunks: readonly Chunk<KafkaRecord>[]) => Promise<void>
  /** Nothing more is read; the process should end. Called once. */
  readonly onFault: (error: unknown) => void
  readonly sessionTimeoutMs: number
  /** Most records handed over at once. */
  readonly maxRecords: number
  /** Bytes that may be read and not stored. */
  readonly bufferBytes: number
  /** How long a first record waits for others. */
  readonly lingerMs: number
  /** Hand-overs at a time. */
  readonly inFlight: number
  readonly stopDeadlineMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export type ConsumerHealth = {
  /**
   * reading; paused by the operator or because the buffer is full; blocked: what was read cannot be stored; waiting for the
   * brokers (before the first joining too); failed: a fault of ours.
   */
  readonly state: 'reading' | 'paused' | 'blocked' | 'waiting' | 'failed' | 'stopped'
  readonly paused: 'operator' | 'back_pressure' | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly buffered_bytes: number
  /** Records that retention deleted before they were read, since the start of this process. */
  readonly lost_to_retention: number
  /** Of the partitions that this consumer has. */
  readonly partitions: readonly PartitionLag[]
}

export type RecordConsumer = {
  /** Resolves when the group is joined; waits while no broker answers. Rejects with BROKER_REFUSED, TOPIC_MISMATCH or what `prepare` said. */
  start(): Promise<void>
  /** Finishes what is being stored, gives the rest back, commits, leaves the group. Safe to call twice. */
  stop(): Promise<void>
  /** Membership stays; what is in the buffer is still stored. */
  pause(): void
  resume(): void
  /** From here on reads this consumer's partitions from `position`. Rejects when it is not in the group. */
  seek(position: Position): Promise<void>
  health(): ConsumerHealth
}

const LAG_MS = 5_000
const CLOSE_MS = 5_000

export function createRecordConsumer(deps: RecordConsumerDeps): RecordConsumer {
  const ledger = createPartitionLedger()
  const buffer = createChunkBuffer<KafkaRecord>({
    maxRecords: deps.maxRecords,
    maxBytes: deps.bufferBytes,
    lingerMs: deps.lingerMs,
  })
  const stopping = new AbortController()
  let session: ConsumerSession | undefined
  let loops: Promise<unknown> = Promise.resolve()
  let lagTimer: NodeJS.Timeout | undefined
  let stopped: Promise<void> | undefined
  let isPausedByOperator = false
  let isHeld = false
  let blocked: AppError | undefined
  let fault: unknown
  let lostRecords = 0

  const committer = createCommitter({ ledger, log: deps.log, commit: () => session?.commit })
  const reader = createRecordReader({
    ...deps,
    ledger,
    buffer,
    stopping: stopping.signal,
    onPressure: () => setHeld(true),
    onStarts: committer.poke,
    onGap(gap) {
      lostRecords += Number(gap.to - gap.from)
      const { topic, partition } = gap
      deps.log.error(
        { topic, partition, from_offset: String(gap.from), to_offset: String(gap.to) },
        'records were deleted by retention before they were read: they are lost',
      )
    },
  })
  const supervisor = superviseSessions({
    log: deps.log,
    stopping: stopping.signal,
    open,
    onOpen: (opened) => (session = opened),
    onClose() {
      session = undefined
      ledger.assign([])
      buffer.drop(() => true)
      if (!buffer.isFull) setHeld(false)
    },
  })

  async function open(): Promise<ConsumerSession> {
    await deps.prepare?.()
    const { client, log, groupId, topics, sessionTimeoutMs } = deps
    const opened = await openSession({ client, log, groupId, topics, sessionTimeoutMs, ...reader })
    if (await reader.hasBegun()) return opened
    await opened.close(CLOSE_MS)
    throw await opened.ended
  }

  function setHeld(value: boolean): void {
    if (isHeld === value) return
    isHeld = value
    deps.log.info(value ? 'reading is paused: the buffer is full' : 'reading goes on')
    applyPause()
  }

  function applyPause(): void {
    reader.setPaused(isHeld || isPausedByOperator)
  }

  function onStored(): void {
    if (!buffer.isFull) setHeld(false)
    committer.poke()
  }

  function onFault(error: unknown): void {
    if (fault !== undefined) return
    fault = error
    isPausedByOperator = true
    applyPause()
    deps.onFault(error)
  }

  async function start(): Promise<void> {
    const loop = { ...deps, buffer, ledger, stopping: stopping.signal, onStored, onFault }
    const onBlocked = (error: AppError | undefined) => (blocked = error)
    loops = Promise.all(Array.from({ length: deps.inFlight }, () => runStoreLoop({ ...loop, onBlocked })))
    try {
      await supervisor.start()
    } catch (error) {
      await stop()
      throw error
    }
    lagTimer = setInterval(refreshLag, LAG_MS)
    refreshLag()
  }

  function refreshLag(): void {
    if (session === undefined) return
    refreshEnds(session.admin, ledger).catch((error: unknown) => {
      deps.log.debug({ err: error }, 'the ends of the partitions could not be read')
    })
  }

  async function seek(position: Position): Promise<void> {
    const current = session
    if (current === undefined) throw supervisor.error() ?? new Error('the consumer has not joined its group')
    const topics = [...new Set(ledger.entries().map(({ topic }) => topic))]
    const offsets = await Promise.all(topics.map((topic) => offsetsAt(current.admin, topic, position)))
    for (const at of offsets.flat()) {
      if (ledger.entry(at) === undefined) continue
      ledger.restart(at)
      current.seek(at)
    }
    buffer.drop((tracked) => !ledger.isCurrent(tracked))
    onStored()
  }

  function stop(): Promise<void> {
    return (stopped ??= stopOnce())
  }

  async function stopOnce(): Promise<void> {
    const deadline = performance.now() + deps.stopDeadlineMs
    const leftMs = () => Math.max(0, deadline - performance.now())
    clearInterval(lagTimer)
    stopping.abort()
    reader.setPaused(true)
    buffer.close()
    await withinDeadline(loops, leftMs())
    await committer.finish(leftMs())
    await supervisor.stop(Math.min(CLOSE_MS, leftMs()))
  }

  function state(): ConsumerHealth['state'] {
    if (stopping.signal.aborted) return 'stopped'
    if (fault !== undefined) return 'failed'
    if (session === undefined) return 'waiting'
    if (blocked !== undefined) return 'blocked'
    return isHeld || isPausedByOperator ? 'paused' : 'reading'
  }

  function health(): ConsumerHealth {
    const error = blocked ?? supervisor.error()
    return {
      state: state(),
      paused: isPausedByOperator ? 'operator' : isHeld ? 'back_pressure' : null,
      error: error === undefined ? null : { code: error.code, message: error.message },
      buffered_bytes: buffer.bytes,
      lost_to_retention: lostRecords,
      partitions: ledger.entries().map((entry) => lagOf(entry, deps.now())),
    }
  }

  return {
    start,
    stop,
    pause() {
      isPausedByOperator = true
      applyPause()
    },
    resume() {
      isPausedByOperator = false
      applyPause()
    },
    seek,
    health,
  }
}
