/**
 * Reads what shippers put into Kafka in their own shapes: every message is decoded as a file or a request would be, passes
 * the intake, and goes to the sink. Resolves when the sink has all of it, so that the reader may move its position then.
 */
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import type { Batch, Sink } from '../../services/transport/transport.ts'
import { decodeMessage } from '../formats/decode-message.ts'
import type { Decoded, FormatContext } from '../formats/format.ts'
import type { Intake } from '../intake.ts'

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
}

/** Rejects as the sink does; then all of the chunks are to be handed over again, which changes nothing. */
export function createTap(deps: TapDeps): (chunks: readonly TapChunk[]) => Promise<void> {
  const sources = new Map(deps.sources.map((source) => [source.topic, source]))

  return async function tapRecords(chunks) {
    const batches = chunks.flatMap((chunk) => {
      const source = sources.get(chunk.topic)
      if (source === undefined) throw new Error(`nobody subscribed to ${chunk.topic}`)
      return toBatches(chunk, source, deps.clock())
    })
    await Promise.all(batches.map((batch) => deps.sink.send(batch)))
  }
}

/**
 * The events, and apart from them the dead letters: their hand-over has the same name however the messages fall into chunks,
 * so that a message that is read again is the same sighting (its origin tells it from others).
 */
function toBatches(chunk: TapChunk, { intake, timeZone }: TapSource, now: number): Batch[] {
  const place = `kafka:${chunk.topic}/${chunk.partition}`
  const context: FormatContext = {
    receivedAt: new Date(now).toISOString(),
    ...(timeZone === undefined ? {} : { timeZone }),
  }
  const events: WindowsEvent[] = []
  const deadLetters: DeadLetter[] = []
  let dropped = 0
  for (const record of chunk.records) {
    const taken = intake.take(decode(record, context), (offset) => originOf(place, record, offset))
    for (const event of taken.events) events.push(event)
    for (const letter of taken.deadLetters) deadLetters.push(letter)
    dropped += taken.dropped
  }
  const { tenant } = intake
  const batchId = `${place}@${chunk.firstOffset}-${chunk.lastOffset}`
  const batches: Batch[] = []
  if (events.length + dropped > 0) batches.push({ tenant, events, deadLetters: [], dropped, batchId })
  if (deadLetters.length > 0) batches.push({ tenant, events: [], deadLetters, dropped: 0, batchId: place })
  return batches
}

/** A message without content is kept as well, with its key: whoever looks for it finds it. */
function decode({ key, value }: TapRecord, context: FormatContext): readonly Decoded[] {
  if (value === null) return [empty(key, 'The message has no value (a tombstone); the bytes are those of its key.')]
  const decoded = decodeMessage(value, context)
  return decoded.length > 0 ? decoded : [empty(value, 'The message holds no record.')]
}

function empty(bytes: Uint8Array | null, detail: string): Decoded {
  const kept = bytes ?? new Uint8Array()
  return { kind: 'reject', reason: 'unknown_shape', detail, offset: 0, bytes: kept, length: kept.length, shipper: null }
}

/** `kafka:topic/3@1042`, and for what does not stand at the start of its message `kafka:topic/3@1042+815`, in bytes. */
function originOf(place: string, { offset }: TapRecord, at: number): string {
  return `${place}@${offset}${at > 0 ? `+${at}` : ''}`
}
