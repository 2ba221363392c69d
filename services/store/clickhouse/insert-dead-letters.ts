/** Writes sightings of dead letters; the same sighting twice is one. */
import type { DeadLetterSighting } from '../event-store.ts'
import { type Client, insertBytes } from './client.ts'
import {
  clearRows,
  rowsLength,
  takeRows,
  writeKey,
  writeNullableString,
  writeString,
  writeTicks,
  writeUInt64,
} from './row-writer.ts'
import { parseInstant } from './times.ts'

export type DeadLetterDeps = { readonly database: string; client(): Promise<Client> }

const COLUMNS = [
  'tenant',
  'dead_letter_key',
  'sighting',
  'received_at',
  'source_kind',
  'reason',
  'detail',
  'origin',
  'bytes',
  'length',
  'shipper',
] as const
/** One letter holds 85 KiB of base64 and more; this bounds one request. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024

export function createInsertDeadLetters(deps: DeadLetterDeps) {
  return async function insertDeadLetters(letters: readonly DeadLetterSighting[]): Promise<void> {
    if (letters.length === 0) return
    const client = await deps.client()
    const target = { table: `${deps.database}._dead_letters`, columns: COLUMNS }
    for (let next = 0; next < letters.length;) {
      const request = encodeLetters(letters, next)
      await insertBytes(client, target, 'RowBinary', request.bytes)
      next = request.next
    }
  }
}

/** As many letters from `start` on as one request may hold. */
function encodeLetters(letters: readonly DeadLetterSighting[], start: number) {
  let next = start
  clearRows()
  while (next < letters.length && rowsLength() < MAX_REQUEST_BYTES) {
    const sighting = letters[next++]
    if (sighting !== undefined) appendLetter(sighting)
  }
  return { bytes: takeRows(), next }
}

function appendLetter({ letter, sighting }: DeadLetterSighting): void {
  const received = parseInstant(letter.received_at) ?? { second: 0, fraction: 0 }
  writeString(letter.tenant)
  writeKey(letter.dead_letter_key)
  writeString(sighting)
  writeTicks(received.second, received.fraction)
  writeString(letter.source_kind)
  writeString(letter.reason)
  writeString(letter.detail)
  writeString(letter.origin)
  writeString(letter.bytes)
  writeUInt64(String(letter.length))
  writeNullableString(letter.shipper)
}
