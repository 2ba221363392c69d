/** From kafkajs' batches to chunks in the buffer: where reading begins, what retention took, and holding still when the buffer is full. */
import type { Batch } from 'kafkajs'
import type { Logger } from '../../runtime/logging.ts'
import type { ChunkBuffer } from './chunk-buffer.ts'
import type { BatchControl, ConsumerSession } from './consumer-session.ts'
import { createConsumedCounter } from './measure-client.ts'
import type { Chunk, PartitionEntry, PartitionId, PartitionLedger } from './partition-ledger.ts'
import { offsetsAt, type Position } from './positions.ts'
import { findStarts, type Gap } from './start-positions.ts'
import { translateError } from './translate-error.ts'

/** A message as kafkajs gives it; `offset` in decimal, `timestamp` in milliseconds since 1970. */
export type KafkaRecord = {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: KafkaHeaders
  readonly offset: string
  readonly timestamp: string
}
export type KafkaHeaders = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>

export type RecordReader = {
  onAssigned(partitions: readonly PartitionId[], session: ConsumerSession): void
  onBatch(batch: Batch, control: BatchControl): Promise<void>
  /** Resolves when it is known where the present share of partitions is read from; false: the session failed. */
  hasBegun(): Promise<boolean>
  /** Of this session and the next ones. */
  setPaused(isPaused: boolean): void
}

export type RecordReaderDeps = {
  readonly groupId: string
  readonly start: Position
  readonly maxRecords: number
  readonly ledger: PartitionLedger
  readonly buffer: ChunkBuffer<KafkaRecord>
  readonly log: Logger
  readonly stopping: AbortSignal
  /** The buffer has been full for seconds: fetching should pause until it is not. */
  readonly onPressure: () => void
  /** A start was set that is to be committed. */
  readonly onStarts: () => void
  readonly onGap: (gap: Gap) => void
}

/** How long a fetch is held before fetching is paused altogether. */
const HOLD_MS = 3_000
const BEAT_MS = 500

export function createRecordReader(deps: RecordReaderDeps): RecordReader {
  const countConsumed = createConsumedCounter(deps.groupId)
  let session: ConsumerSession | undefined
  let beginning: Promise<boolean> = Promise.resolve(false)
  let isBeginning = false
  let shares = 0
  let isPaused = false
  let isCheckingGap = false

  function setPaused(value: boolean): void {
    isPaused = value
    session?.setPaused(isPaused || isBeginning)
  }

  function onAssigned(partitions: readonly PartitionId[], joined: ConsumerSession): void {
    session = joined
    deps.ledger.assign(partitions)
    deps.buffer.drop((tracked) => !deps.ledger.isCurrent(tracked))
    deps.log.info(
      { partitions: partitions.map(({ topic, partition }) => `${topic}/${partition}`) },
      'partitions assigned',
    )
    beginning = begin(joined)
  }

  /**
   * Nothing is fetched until it is known what the group has committed: kafkajs overwrites a commit that points to what
   * retention deleted, and with it the only trace of the loss.
   */
  async function begin(joined: ConsumerSession): Promise<boolean> {
    const share = ++shares
    isBeginning = true
    setPaused(isPaused)
    try {
      const { seeks, gaps } = await findStarts(joined.admin, deps.ledger, deps)
      if (share !== shares) return await beginning // there is a newer share already
      for (const at of seeks) {
        deps.ledger.restart(at)
        joined.seek(at)
      }
      for (const gap of gaps) deps.onGap(gap)
      if (seeks.length > 0) deps.onStarts()
      isBeginning = false
      setPaused(isPaused)
      return true
    } catch (error) {
      joined.fail(translateError(error, 'looking up where to read from'))
      return false
    }
  }

  async function onBatch(batch: Batch, control: BatchControl): Promise<void> {
    const entry = deps.ledger.entry(batch)
    if (isBeginning || entry === undefined || deps.stopping.aborted || control.isStale()) return
    entry.end = BigInt(batch.highWatermark)
    const first = batch.messages[0]
    if (first !== undefined) checkGap(entry, BigInt(first.offset))
    for (const chunk of toChunks(batch, deps.maxRecords)) {
      const tracked = deps.ledger.add(chunk)
      if (tracked !== undefined) deps.buffer.add(tracked)
    }
    countConsumed(batch.topic, batch.messages.length)
    control.accept()
    await holdWhileFull(control)
  }

  /** Offsets are missing also where a transaction ended; deleted they are only when the log begins behind them. */
  function checkGap(entry: PartitionEntry, first: bigint): void {
    const { next, topic, partition } = entry
    if (next === undefined || first <= next || isCheckingGap || session === undefined) return
    isCheckingGap = true
    offsetsAt(session.admin, topic, 'earliest')
      .then((lows) => {
        const low = lows.find((at) => at.partition === partition)?.offset ?? 0n
        if (low > next) deps.onGap({ topic, partition, from: next, to: low < first ? low : first })
      })
      .catch((error: unknown) => deps.log.debug({ err: error }, 'the start of the log could not be read'))
      .finally(() => (isCheckingGap = false))
  }

  async function holdWhileFull(control: BatchControl): Promise<void> {
    const until = performance.now() + HOLD_MS
    while (deps.buffer.isFull && !deps.stopping.aborted) {
      await deps.buffer.untilRoom(BEAT_MS)
      await control.beat()
      if (performance.now() > until && deps.buffer.isFull) {
        deps.onPressure()
        return
      }
    }
  }

  return { onAssigned, onBatch, hasBegun: () => beginning, setPaused }
}

function toChunks(batch: Batch, maxRecords: number): Chunk<KafkaRecord>[] {
  const chunks: Chunk<KafkaRecord>[] = []
  for (let at = 0; at < batch.messages.length; at += maxRecords) {
    const records: readonly KafkaRecord[] = batch.messages.slice(at, at + maxRecords)
    const first = records[0] as KafkaRecord
    const last = records.at(-1) as KafkaRecord
    chunks.push({
      topic: batch.topic,
      partition: batch.partition,
      firstOffset: BigInt(first.offset),
      lastOffset: BigInt(last.offset),
      firstTime: Number(first.timestamp),
      lastTime: Number(last.timestamp),
      bytes: records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0),
      records,
    })
  }
  return chunks
}
