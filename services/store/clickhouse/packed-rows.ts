/**
 * Rows as they go to the server, and of each what decides whether it goes: a few hundred bytes outside of the JavaScript heap in
 * place of an object with all its texts, for rows that wait while others are gathered for the same insert.
 */
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { type PackedRows, RowRefused } from '../event-store.ts'
import { appendRow } from './encode-row.ts'
import { clearRows, rowsLength, takeRows, truncateRows } from './row-writer.ts'
import { parseInstant } from './times.ts'

/** What identifies a row, and which copy of its event it is. */
export type RowKey = {
  readonly tenant: string
  readonly event_key: string
  /** Decimal. */
  readonly revision: string
  /** Since 1970. */
  readonly second: number
  /** Which partition of the table it belongs to: rows of one month and tenant share it. */
  readonly partition: string
}

type Packed = PackedRows & {
  readonly keys: readonly RowKey[]
  readonly bytes: Buffer
  /** By row: where the next one begins. */
  readonly ends: Uint32Array
  readonly refusals: ReadonlyMap<number, RowRefused>
}

/** Encodes without a pause in between, so that calls share one buffer safely. Rows that cannot be kept are noted; `keysOf` throws for them. */
export function packRows(rows: readonly ClassifiedEvent[]): PackedRows {
  const refusals = new Map<number, RowRefused>()
  const ends = new Uint32Array(rows.length)
  const partitionOf = createPartitionNames()
  clearRows()
  const keys = rows.map((row, index): RowKey => {
    const start = rowsLength()
    try {
      appendRow(row)
    } catch (error) {
      refusals.set(index, asRefusal(error))
      truncateRows(start)
    }
    ends[index] = rowsLength()
    const { tenant, event_key, revision } = row
    const second = parseInstant(row.occurred_at)?.second ?? 0
    return { tenant, event_key, revision, second, partition: partitionOf(row) }
  })
  const packed: Packed = { length: rows.length, keys, bytes: takeRows(), ends, refusals }
  return packed
}

/** Keys of the rows `from` to `to`, counted over all parts. Throws the RowRefused of the first of them that cannot be kept. */
export function keysOf(parts: readonly PackedRows[], from: number, to: number): readonly RowKey[] {
  const keys: RowKey[] = []
  let first = 0
  for (const part of parts as readonly Packed[]) {
    const start = Math.max(0, from - first)
    const end = Math.min(part.length, to - first)
    for (const [index, refusal] of part.refusals) if (index >= start && index < end) throw refusal
    for (let at = start; at < end; at++) keys.push(part.keys[at] as RowKey)
    first += part.length
  }
  return keys
}

/** The bytes of these rows, counted over all parts, in ascending order. */
export function bytesOf(parts: readonly PackedRows[], rows: readonly number[]): Buffer {
  const pieces: Buffer[] = []
  let first = 0
  let next = 0
  for (const { length, bytes, ends } of parts as readonly Packed[]) {
    while (next < rows.length && (rows[next] as number) < first + length) {
      const start = (rows[next] as number) - first
      let end = start + 1
      for (next++; rows[next] === first + end && end < length; next++) end++
      pieces.push(bytes.subarray(start === 0 ? 0 : ends[start - 1], ends[end - 1]))
    }
    first += length
  }
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}

/** The first seven characters of the time name the month. Neighbours are nearly always of one, and share the text. */
function createPartitionNames(): (row: ClassifiedEvent) => string {
  let tenant = ''
  let month = ''
  let name = ''
  return ({ tenant: ofRow, occurred_at }) => {
    if (ofRow !== tenant || name === '' || !occurred_at.startsWith(month)) {
      tenant = ofRow
      month = occurred_at.slice(0, 7)
      name = month + tenant
    }
    return name
  }
}

function asRefusal(error: unknown): RowRefused {
  if (error instanceof RowRefused) return error
  if (!(error instanceof RangeError)) throw error
  return new RowRefused(`A number of a row is out of range: ${error.message}`, { cause: error })
}
