/**
 * Writes events and says which were new. A row whose key the store already has in the same or a better copy is not written again,
 * so repeats leave nothing to merge; what two writers write at the same moment is one row for readers all the same.
 */
import type { EventWriter, PackedRows } from '../event-store.ts'
import { type Client, insertBytes } from './client.ts'
import { ROW_COLUMNS } from './encode-row.ts'
import { findRevisions } from './find-revisions.ts'
import { bytesOf, keysOf, packRows, type RowKey } from './packed-rows.ts'

export type InsertDeps = {
  readonly database: string
  /** The connection to write through; called once per insert, so that an engine that was started again is found. */
  client(): Promise<Client>
}

/** ClickHouse takes at most 100 partitions in one insert (max_partitions_per_insert_block). */
const MAX_PARTITIONS = 100

export function createEventWriter(deps: InsertDeps): Pick<EventWriter, 'packRows' | 'insertPacked' | 'insertEvents'> {
  const underway = new Set<Write>()

  async function insertPacked(parts: readonly PackedRows[], from: number, to: number): Promise<readonly boolean[]> {
    const keys = keysOf(parts, from, to)
    if (keys.length === 0) return []
    const copies = gatherCopies(keys)
    for (let others = sharing(copies, underway); others.length > 0; others = sharing(copies, underway))
      await Promise.all(others.map(({ done }) => done))
    // From the last look to the entry below nothing else runs, so exactly one call finds a key new.
    const encode = (rows: readonly number[]) => bytesOf(parts, from === 0 ? rows : rows.map((row) => row + from))
    const writing = writeBest(deps, { keys, encode }, copies)
    const write = { copies, done: writing.catch(() => undefined) }
    underway.add(write)
    try {
      return await writing
    } finally {
      underway.delete(write)
    }
  }

  return {
    packRows,
    insertPacked,
    insertEvents: async (rows) => insertPacked([packRows(rows)], 0, rows.length),
  }
}

/** The rows of a call: their keys, and the bytes of those with these places among the keys, in ascending order. */
type Rows = { readonly keys: readonly RowKey[]; readonly encode: (rows: readonly number[]) => Buffer }

/** Copies of one event among the rows of a call: the indexes of the first one and of the best one. */
type Copies = { readonly first: number; best: number }
type CopiesByKey = ReadonlyMap<string, Copies>
/** A call that is underway, and with which keys; `done` never rejects. */
type Write = { readonly copies: CopiesByKey; readonly done: Promise<unknown> }

/** The writes underway that hold a key of ours. */
function sharing(copies: CopiesByKey, underway: ReadonlySet<Write>): readonly Write[] {
  return [...underway].filter((other) => {
    for (const key of copies.keys()) if (other.copies.has(key)) return true
    return false
  })
}

function gatherCopies(rows: readonly RowKey[]): CopiesByKey {
  const copies = new Map<string, Copies>()
  for (const [index, row] of rows.entries()) {
    const key = identity(row)
    const others = copies.get(key)
    if (others === undefined) copies.set(key, { first: index, best: index })
    else if (isHigher(row.revision, rows[others.best]?.revision ?? '0')) others.best = index
  }
  return copies
}

/** The tenant is in the event key as well, but a store must not rely on how a key was made. */
const identity = (row: RowKey) => `${row.event_key}${row.tenant}`

/** Compares decimal numbers without leading zeros. */
export function isHigher(left: string, right: string): boolean {
  return left.length === right.length ? left > right : left.length > right.length
}

async function writeBest(deps: InsertDeps, { keys, encode }: Rows, copies: CopiesByKey): Promise<readonly boolean[]> {
  const client = await deps.client()
  const best = Array.from(copies.values(), (one) => keys[one.best]).filter((row) => row !== undefined)
  const stored = await findRevisions(client, deps.database, best)
  const isNew = keys.map(() => false)
  const wanted: number[] = []
  for (const [key, one] of copies) {
    const revision = stored.get(key)
    const row = keys[one.best]
    if (row !== undefined && (revision === undefined || isHigher(row.revision, revision))) wanted.push(one.best)
    if (revision === undefined) isNew[one.first] = true
  }
  for (const part of splitByPartition(keys, wanted)) {
    const target = { table: `${deps.database}._events`, columns: ROW_COLUMNS, rows: part.length }
    await insertBytes(client, target, 'RowBinary', encode(part))
  }
  return isNew
}

/** Groups that span at most 100 partitions each, nearly always one group; each in ascending order. */
function splitByPartition(keys: readonly RowKey[], wanted: readonly number[]): readonly (readonly number[])[] {
  const partitions = new Map<string, number[]>()
  for (const row of wanted) {
    const partition = keys[row]?.partition ?? ''
    const list = partitions.get(partition)
    if (list === undefined) partitions.set(partition, [row])
    else list.push(row)
  }
  const lists = [...partitions.values()]
  return Array.from({ length: Math.ceil(lists.length / MAX_PARTITIONS) }, (_, group) =>
    lists
      .slice(group * MAX_PARTITIONS, (group + 1) * MAX_PARTITIONS)
      .flat()
      .sort((left, right) => left - right),
  )
}
