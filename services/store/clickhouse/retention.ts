/** Retention by event time: readers stop seeing what is older at once, and whole partitions are dropped. Off until it is set. */
import { AppError } from '../../runtime/errors.ts'
import { type Client, insertBytes, run, select } from './client.ts'
import { type Placement, renderStatement } from './render-statements.ts'

const DAY_SECONDS = 86_400
const MAX_DAYS = 36_500

/** SQL: the second from which on events are shown. Without a row it is 1970. */
export const floorQuery = (database: string) => `(SELECT argMax(floor, set_at) FROM ${database}._retention)`

/** The condition by which every reader of `_events` stays above the floor. */
export const floorCondition = (database: string) => `occurred_second >= ${floorQuery(database)}`

/** First second that is kept with `days` of retention at `now`; 0 when retention is off. Older arrivals are dropped as `expired`. */
export function retentionFloor(days: number | undefined, now: Date): number {
  if (days === undefined) return 0
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new AppError('SETTINGS_INVALID', `retention_days must be a whole number from 1 to ${MAX_DAYS}`)
  }
  return Math.max(0, Math.floor(now.getTime() / 1000) - days * DAY_SECONDS)
}

/**
 * Moves the floor and drops the partitions that lie wholly below it. `undefined` turns retention off: nothing more is hidden or dropped.
 * Safe to repeat, and by several processes at once.
 */
export async function applyRetention(
  client: Client,
  placement: Placement,
  days: number | undefined,
  now: Date,
): Promise<void> {
  const { database } = placement
  const floor = retentionFloor(days, now)
  const current = await readFloor(client, database)
  if (current !== floor) {
    const line = Buffer.from(JSON.stringify({ floor }))
    await insertBytes(client, { table: `${database}._retention`, columns: ['floor'] }, 'JSONEachRow', line)
  }
  if (floor === 0) return
  for (const partition of await partitionsBelow(client, database, floor)) {
    const drop = `ALTER TABLE {database}._events {on_cluster} DROP PARTITION ID '${partition.replaceAll(/[^\w-]/g, '')}'`
    for (const statement of renderStatement(drop, placement)) await run(client, statement)
  }
}

/**
 * Partitions that lie wholly below the floor, on whichever shard; the one of the floor itself stays until all of it does. A partition is a
 * month of a tenant, so a row of an earlier month tells it; others are not read.
 */
async function partitionsBelow(client: Client, database: string, floor: number): Promise<readonly string[]> {
  const rows = await select<{ partition: string }>(
    client,
    `SELECT DISTINCT _partition_id AS partition FROM ${database}._events
     WHERE occurred_second < toDateTime(toStartOfMonth(toDateTime({floor: UInt32}, 'UTC'), 'UTC'), 'UTC')`,
    { floor },
  )
  return rows.map(({ partition }) => partition)
}

/** The floor that readers apply now, in seconds since 1970. */
export async function readFloor(client: Client, database: string): Promise<number> {
  const query = `SELECT toUInt32(argMax(floor, set_at)) AS floor FROM ${database}._retention`
  const [row] = await select<{ floor: number }>(client, query)
  return row?.floor ?? 0
}
