/**
 * The contract of a shipper's format: bytes in, events out. A format is found by looking at the content, never at a
 * file name. It never throws because of its input: a record it cannot read comes back as a reject, with its bytes; a
 * stretch of a container that holds no readable record (EVTX) comes back as damage. Everything before and after goes on.
 */
import type { DeadLetterReason } from '../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'

/** What a format needs to know of its source. */
export type FormatContext = {
  /** IANA zone for shapes whose times carry none; without it such records are rejected (`time_zone_unknown`). */
  readonly timeZone?: string
  /** When the collector read the bytes (ISO 8601 UTC): `collected_at` where the shape has no time of its own for that. */
  readonly receivedAt: string
}

/** `offset` counts bytes from the start of the decoded (decompressed) input. `bytes` is the record as it stood there. */
export type DecodedEvent = {
  readonly kind: 'event'
  readonly event: WindowsEvent
  readonly offset: number
  /** The record's own bytes, for a dead letter if a later check refuses it; lazily, since it is hardly ever needed. */
  readonly bytes: () => Uint8Array
}
export type Reject = {
  readonly kind: 'reject'
  readonly reason: DeadLetterReason
  /** What exactly was wrong, in one line, for the operator. */
  readonly detail: string
  readonly offset: number
  /** The record, at most 16 MiB; the first 64 KiB of a larger one. */
  readonly bytes: Uint8Array
  /** Whole length of the record in bytes. */
  readonly length: number
  readonly shipper: string | null
}
/** A stretch of a container in which no record could be read. `length` in bytes. Not counted as received. */
export type Damage = {
  readonly kind: 'damage'
  readonly offset: number
  readonly length: number
  readonly reason: string
}
export type Decoded = DecodedEvent | Reject | Damage

export type Format = {
  /** snake_case; the `shipper` of its events unless it tells several shippers apart. */
  readonly name: string
  /** Does the content, of which `head` is the first 64 KiB or less, look like this format? Cheap and total. */
  matches(head: Uint8Array): boolean
  /** Decodes a stream of any length in constant memory, in batches, in the order of the input. */
  decode(input: AsyncIterable<Uint8Array>, context: FormatContext): AsyncGenerator<readonly Decoded[]>
}

export const MAX_RECORD_BYTES = 16 * 1024 * 1024
export const MAX_REJECT_BYTES = 64 * 1024
export const MAX_DEPTH = 64
