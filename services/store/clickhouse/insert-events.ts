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
  /** Keys being written now, and the write that does it. */
  const underway = new Map<string, Promise<unknown>>()

  return async function insertEvents(rows) {
    if (rows.length === 0) return []
    const best = bestCopies(rows)
    for (let others = sharing(best, underway); others.size > 0; others = sharing(best, underway))
      await Promise.all(others)
    // From the last look to the entries below nothing else runs, so exactly one call finds a key new.
    const write = writeBest(deps, rows, best)
    const marker = write.catch(() => undefined)
    for (const key of best.keys()) underway.set(key, marker)
    try {
      return await write
    } finally {
      for (const key of best.keys()) if (underway.get(key) === marker) underway.delete(key)
    }
  }
}

/** The writes underway that hold a key of ours. */
function sharing(
  best: ReadonlyMap<string, number>,
  underway: ReadonlyMap<string, Promise<unknown>>,
): ReadonlySet<Promise<unknown>> {
  const others = new Set<Promise<unknown>>()
  if (underway.size === 0) return others
  for (const key of best.keys()) {
    const other = underway.get(key)
    if (other !== undefined) others.add(other)
  }
  return others
}

/** Key to the index of its best copy among `rows`. */
function bestCopies(rows: readonly ClassifiedEvent[]): Map<string, number> {
  const best = new Map<string, number>()
  for (const [index, row] of rows.entries()) {
    const key = identity(row)
    const other = best.get(key)
    if (other === undefined || isHigher(row.revision, rows[other]?.revision ?? '0')) best.set(key, index)
  }
  return best
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
  best: ReadonlyMap<string, number>,
): Promise<readonly boolean[]> {
  const client = await deps.client()
  const chosen = [...best.values()].map((index) => rows[index]).filter((row) => row !== undefined)
  const stored = await findRevisions(client, deps.database, chosen)
  const wanted = chosen.filter((row) => {
    const revision = stored.get(identity(row))
    return revision === undefined || isHigher(row.revision, revision)
  })
  for (const part of splitByPartition(wanted)) await writeRows(client, deps.database, part)
  const seen = new Set<string>()
  return rows.map((row) => {
    const key = identity(row)
    const isNew = !stored.has(key) && !seen.has(key)
    seen.add(key)
    return isNew
  })
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
  await insertBytes(client, { table: `${database}._events`, columns: ROW_COLUMNS }, 'RowBinary', encodeRows(rows))
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
