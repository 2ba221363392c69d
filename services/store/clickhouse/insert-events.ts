/**
 * Writes events and says which were new. A row whose key the store already has in the same or a better copy is not written again,
 * so repeats leave nothing to merge; what two writers write at the same moment is one row for readers all the same.
 */
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { RowRefused } from '../event-store.ts'
import { type Client, insertBytes } from './client.ts'
import { appendRow, ROW_COLUMNS } from './encode-row.ts'
import { findRevisions } from './find-revisions.ts'
import { clearRows, takeRows } from './row-writer.ts'

export type InsertDeps = {
  readonly database: string
  /** The connection to write through; called once per insert, so that an engine that was started again is found. */
  client(): Promise<Client>
}

/** ClickHouse takes at most 100 partitions in one insert (max_partitions_per_insert_block). */
const MAX_PARTITIONS = 100

export type InsertEvents = (rows: readonly ClassifiedEvent[]) => Promise<readonly boolean[]>

export function createInsertEvents(deps: InsertDeps): InsertEvents {
  const underway = new Set<Write>()

  return async function insertEvents(rows) {
    if (rows.length === 0) return []
    const copies = gatherCopies(rows)
    for (let others = sharing(copies, underway); others.length > 0; others = sharing(copies, underway))
      await Promise.all(others.map(({ done }) => done))
    // From the last look to the entry below nothing else runs, so exactly one call finds a key new.
    const writing = writeBest(deps, rows, copies)
    const write = { copies, done: writing.catch(() => undefined) }
    underway.add(write)
    try {
      return await writing
    } finally {
      underway.delete(write)
    }
  }
}

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

function gatherCopies(rows: readonly ClassifiedEvent[]): CopiesByKey {
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
const identity = (row: ClassifiedEvent) => `${row.event_key}${row.tenant}`

/** Compares decimal numbers without leading zeros. */
export function isHigher(left: string, right: string): boolean {
  return left.length === right.length ? left > right : left.length > right.length
}

async function writeBest(
  deps: InsertDeps,
  rows: readonly ClassifiedEvent[],
  copies: CopiesByKey,
): Promise<readonly boolean[]> {
  const client = await deps.client()
  const best = Array.from(copies.values(), (one) => rows[one.best]).filter((row) => row !== undefined)
  const stored = await findRevisions(client, deps.database, best)
  const isNew = rows.map(() => false)
  const wanted: ClassifiedEvent[] = []
  for (const [key, one] of copies) {
    const revision = stored.get(key)
    const row = rows[one.best]
    if (row !== undefined && (revision === undefined || isHigher(row.revision, revision))) wanted.push(row)
    if (revision === undefined) isNew[one.first] = true
  }
  for (const part of splitByPartition(wanted)) await writeRows(client, deps.database, part)
  return isNew
}

/** Groups that span at most 100 partitions each; nearly always one group. */
function splitByPartition(rows: readonly ClassifiedEvent[]): readonly (readonly ClassifiedEvent[])[] {
  const partitions = new Map<string, ClassifiedEvent[]>()
  for (const row of rows) {
    // The first seven characters of the time name the month.
    const partition = row.occurred_at.slice(0, 7) + row.tenant
    const list = partitions.get(partition)
    if (list === undefined) partitions.set(partition, [row])
    else list.push(row)
  }
  if (partitions.size <= MAX_PARTITIONS) return rows.length === 0 ? [] : [rows]
  const lists = [...partitions.values()]
  return Array.from({ length: Math.ceil(lists.length / MAX_PARTITIONS) }, (_, group) =>
    lists.slice(group * MAX_PARTITIONS, (group + 1) * MAX_PARTITIONS).flat(),
  )
}

async function writeRows(client: Client, database: string, rows: readonly ClassifiedEvent[]): Promise<void> {
  const target = { table: `${database}._events`, columns: ROW_COLUMNS, rows: rows.length }
  await insertBytes(client, target, 'RowBinary', encodeRows(rows))
}

/** Encodes without a pause in between, so that calls share one buffer safely. */
function encodeRows(rows: readonly ClassifiedEvent[]): Buffer {
  clearRows()
  try {
    for (const row of rows) appendRow(row)
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new RowRefused(`A number of a row is out of range: ${cause.message}`, { cause })
    throw cause
  }
  return takeRows()
}
