/** Shared by the tests of formats: one message or stream in, events and rejects out. */
import { decodeMessage } from '../../../../collectors/formats/decode-message.ts'
import type { Decoded, Format, FormatContext, Reject } from '../../../../collectors/formats/format.ts'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'

export const CONTEXT: FormatContext = { receivedAt: '2026-01-01T00:00:00Z' }

export function decode(input: string | Uint8Array, context: FormatContext = CONTEXT): readonly Decoded[] {
  return decodeMessage(typeof input === 'string' ? Buffer.from(input) : input, context)
}

export function eventsOf(decoded: readonly Decoded[]): WindowsEvent[] {
  return decoded.flatMap((item) => (item.kind === 'event' ? [item.event] : []))
}

export function rejectsOf(decoded: readonly Decoded[]): Reject[] {
  return decoded.flatMap((item) => (item.kind === 'reject' ? [item] : []))
}

/** The one event of a message that must hold exactly one. */
export function onlyEvent(input: string | Uint8Array, context: FormatContext = CONTEXT): WindowsEvent {
  const [first, ...more] = decode(input, context)
  if (first?.kind !== 'event' || more.length > 0)
    throw new Error(`not one event: ${JSON.stringify([first, ...more]).slice(0, 500)}`)
  return first.event
}

/** The one reject of a message that must hold exactly one. */
export function onlyReject(input: string | Uint8Array, context: FormatContext = CONTEXT): Reject {
  const [first, ...more] = decode(input, context)
  if (first?.kind !== 'reject' || more.length > 0) {
    const kinds = [first, ...more].map((item) => item?.kind)
    throw new Error(`not one reject: ${kinds.join(', ').slice(0, 500)}`)
  }
  return first
}

/** Everything a format makes of a stream in pieces of `size` bytes. */
export async function decodeInPieces(format: Format, input: Uint8Array, size: number): Promise<Decoded[]> {
  const decoded: Decoded[] = []
  for await (const batch of format.decode(pieces(input, size), CONTEXT)) decoded.push(...batch)
  return decoded
}

async function* pieces(input: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < input.length; at += size) {
    await Promise.resolve()
    yield input.subarray(at, at + size)
  }
}
