/** What `roamwatch doctor` wants to know of a ClickHouse before anything is changed in it. */
import type { Client } from './client.ts'
import { select } from './client.ts'
import { readMigrations } from './migrate.ts'

export type ClickHouseInspection = {
  /** For example 26.7.2.1. */
  readonly version: string
  /** Server's clock minus ours, in milliseconds; right to half the time that the question took. */
  readonly clock_difference_ms: number
  /** Half the time that the question took, in milliseconds. */
  readonly clock_error_ms: number
  /** Names of migrations that were not applied yet: a service that starts does it. */
  readonly missing_migrations: readonly string[]
}

/** `bare`: connected without a database, which may not exist yet. Reads only. */
export async function inspectClickHouse(bare: Client, database: string): Promise<ClickHouseInspection> {
  await select(bare, 'SELECT 1') // opens the connection, so that the clock's question is a short one
  const asked = Date.now()
  const [row] = await select<{ version: string; now_ms: string }>(
    bare,
    'SELECT version() AS version, toUnixTimestamp64Milli(now64(3)) AS now_ms',
  )
  const answered = Date.now()
  if (row === undefined) throw new Error('a SELECT without FROM has one row')
  return {
    version: row.version,
    clock_difference_ms: Math.round(Number(row.now_ms) - (asked + answered) / 2),
    clock_error_ms: Math.ceil((answered - asked) / 2),
    missing_migrations: await missingMigrations(bare, database),
  }
}

async function missingMigrations(bare: Client, database: string): Promise<readonly string[]> {
  const known = await readMigrations()
  const tables = await select(
    bare,
    'SELECT name FROM system.tables WHERE database = {database: String} AND name = {name: String}',
    { database, name: '_migrations' },
  )
  if (tables.length === 0) return known.map(({ name }) => name)
  const rows = await select<{ number: number }>(bare, `SELECT DISTINCT number FROM ${database}._migrations`)
  const applied = new Set(rows.map(({ number }) => number))
  return known.filter(({ number }) => !applied.has(number)).map(({ name }) => name)
}
