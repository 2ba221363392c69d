/**
 * Reads what shippers put into Kafka in their own shapes: every message is decoded as a file or a request would be, passes
 * the intake, and goes to the sink. Resolves when the sink has all of it, so that the reader may move its position then.
 */
import { setImmediate } from 'node:timers/promises'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import type { Batch, Sink } from '../../services/transport/transport.ts'
import { type DecodedPart, decodeMessageInParts } from '../formats/decode-message.ts'
import type { Decoded, FormatContext } from '../formats/format.ts'
import type { Intake, Taken } from '../intake.ts'
import { createHandOver, HELD_BUDGET, type HandOver, type HeldBudget } from './hand-over.ts'

/** What we read of a Kafka message. `offset` in decimal. */
export type TapRecord = {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly offset: string
}
/** Consecutive messages of one partition. */
export type TapChunk = {
  readonly topic: string
  readonly partition: number
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly records: readonly TapRecord[]
}

/** One topic: whose events it holds and how its times are to be read. */
export type TapSource = { readonly topic: string; readonly intake: Intake; readonly timeZone: string | undefined }

export type TapDeps = {
  readonly sources: readonly TapSource[]
  readonly sink: Sink
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** What one call may hold; default HELD_BUDGET. */
  readonly budget?: HeldBudget
}

/**
 * Rejects as the sink does; then all of the chunks are to be handed over again, which changes nothing. A message may hold many
 * times its bytes: they are decoded part by part, and sent before too much is held.
 */
export function createTap(deps: TapDeps): (chunks: readonly TapChunk[]) => Promise<void> {
  const sources = new Map(deps.sources.map((source) => [source.topic, source]))

  return async function tapRecords(chunks) {
    const handOver = createHandOver(deps.sink, deps.budget ?? HELD_BUDGET)
    const breathe = createBreather()
    for (const chunk of chunks) {
      const source = sources.get(chunk.topic)
      if (source === undefined) throw new Error(`nobody subscribed to ${chunk.topic}`)
      await tapChunk(chunk, source, { handOver, breathe, now: deps.clock() })
    }
    await handOver.settled()
  }
}

type Run = { readonly handOver: HandOver; readonly breathe: Breather; readonly now: number }

async function tapChunk(chunk: TapChunk, source: TapSource, { handOver, breathe, now }: Run): Promise<void> {
  const { intake, timeZone } = source
  const place = `kafka:${chunk.topic}/${chunk.partition}`
  const context: FormatContext = {
    receivedAt: new Date(now).toISOString(),
    ...(timeZone === undefined ? {} : { timeZone }),
  }
  const gathered = createGathering(intake.tenant, place)
  let from = String(chunk.firstOffset)
  for (const record of chunk.records) {
    for (const { decoded, bytes } of decode(record, context)) {
      // Only now, so that what is full at the end of the chunk is named as its end.
      if (decoded.length > 0 && handOver.isFull()) {
        handOver.send(gathered.take(from, record.offset))
        await handOver.settled()
        from = positionOf(record, decoded[0]?.offset ?? 0)
      }
      const taken = intake.take(decoded, (offset) => originOf(place, record, offset))
      gathered.add(taken)
      handOver.hold(taken.events.length + taken.deadLetters.length, bytes)
      if (breathe.isDue(bytes)) await setImmediate()
    }
  }
  handOver.send(gathered.take(from, String(chunk.lastOffset)))
}

/**
 * The events, and apart from them the dead letters: their hand-over has the same name however the messages fall into chunks,
 * so that a message that is read again is the same sighting (its origin tells it from others).
 */
function createGathering(tenant: string, place: string) {
  let events: WindowsEvent[] = []
  let deadLetters: DeadLetter[] = []
  let dropped = 0
  return {
    add(taken: Taken): void {
      for (const event of taken.events) events.push(event)
      for (const letter of taken.deadLetters) deadLetters.push(letter)
      dropped += taken.dropped
    },
    /** Where the first stands and the last: an offset, and within a message the bytes behind it. */
    take(from: string, to: string): Batch[] {
      const batches: Batch[] = []
      const batchId = `${place}@${from}-${to}`
      if (events.length + dropped > 0) batches.push({ tenant, events, deadLetters: [], dropped, batchId })
      if (deadLetters.length > 0) batches.push({ tenant, events: [], deadLetters, dropped: 0, batchId: place })
      events = []
      deadLetters = []
      dropped = 0
      return batches
    },
  }
}

/** Decoding so many bytes takes some 10 ms; after that it is the turn of heartbeats and answers of the brokers. */
const BREATH_BYTES = 1024 * 1024
/** What a message costs however small it is, in the same measure. */
const PART_COST_BYTES = 256

type Breather = { isDue(bytes: number): boolean }

function createBreather(): Breather {
  let done = 0
  return {
    isDue(bytes) {
      done += bytes + PART_COST_BYTES
      if (done < BREATH_BYTES) return false
      done = 0
      return true
    },
  }
}

/** A message without content is kept as well, with its key: whoever looks for it finds it. */
function* decode({ key, value }: TapRecord, context: FormatContext): Generator<DecodedPart> {
  let records = 0
  if (value !== null) {
    for (const part of decodeMessageInParts(value, context)) {
      records += part.decoded.length
      yield part
    }
  }
  if (records > 0) return
  const reject =
    value === null
      ? empty(key, 'The message has no value (a tombstone); the bytes are those of its key.')
      : empty(value, 'The message holds no record.')
  yield { decoded: [reject], bytes: 0 }
}

function empty(bytes: Uint8Array | null, detail: string): Decoded {
  const kept = bytes ?? new Uint8Array()
  return { kind: 'reject', reason: 'unknown_shape', detail, offset: 0, bytes: kept, length: kept.length, shipper: null }
}

/** `kafka:topic/3@1042`, and for what does not stand at the start of its message `kafka:topic/3@1042+815`, in bytes. */
function originOf(place: string, record: TapRecord, at: number): string {
  return `${place}@${positionOf(record, at)}`
}

function positionOf({ offset }: TapRecord, at: number): string {
  return `${offset}${at > 0 ? `+${at}` : ''}`
}
