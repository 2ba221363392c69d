/** Reads bytes with the EVTX reader, for tests. */
import { evtx } from '../../../collectors/formats/evtx/evtx.ts'
import type { Damage, Decoded, Reject } from '../../../collectors/formats/format.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { writeEvtx } from './evtx-writer.ts'
import type { Fragment } from './nodes.ts'

export const RECEIVED_AT = '2024-11-16T00:00:00Z'

export async function decodeAll(bytes: Uint8Array, pieceBytes = bytes.length): Promise<Decoded[]> {
  const decoded: Decoded[] = []
  for await (const batch of evtx.decode(piecesOf(bytes, pieceBytes), { receivedAt: RECEIVED_AT }))
    decoded.push(...batch)
  return decoded
}

async function* piecesOf(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

export type Sorted = { readonly events: WindowsEvent[]; readonly rejects: Reject[]; readonly damage: Damage[] }

export function sorted(decoded: readonly Decoded[]): Sorted {
  return {
    events: decoded.flatMap((item) => (item.kind === 'event' ? [item.event] : [])),
    rejects: decoded.flatMap((item) => (item.kind === 'reject' ? [item] : [])),
    damage: decoded.flatMap((item) => (item.kind === 'damage' ? [item] : [])),
  }
}

/** Writes each fragment as a record (ids from 1) and reads the file back. */
export async function readBack(...fragments: readonly Fragment[]): Promise<Sorted> {
  const records = fragments.map((fragment, index) => ({ id: BigInt(index + 1), fragment }))
  return sorted(await decodeAll(writeEvtx(records).bytes))
}
