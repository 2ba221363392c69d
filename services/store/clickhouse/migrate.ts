/** Brings the database to the newest schema: forward only, each file once, refused when an applied file has changed. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../runtime/errors.ts'
import { type Client, run, select } from './client.ts'
import { renderMigration, renderStatement } from './render-statements.ts'

export type Migration = {
  readonly number: number
  readonly name: string
  readonly template: string
  readonly checksum: string
}

export type MigrateOptions = {
  /** Connected without a database, since it may not exist yet. */
  readonly client: Client
  readonly database: string
  /** Cluster whose servers all get the tables, which are replicated there; a single server unless given. */
  readonly cluster?: string | undefined
  readonly folder?: string
}

const FOLDER = join(import.meta.dirname, '../../../schemas/clickhouse')
const NAME = /^(\d{4})-[a-z0-9-]+\.sql$/

/** Files in order. Checksums are over the template, so the same file counts as the same on one server and on a cluster. */
export async function readMigrations(folder = FOLDER): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const template = await readFile(join(folder, name), 'utf8')
      const checksum = createHash('sha256').update(template.replaceAll('\r\n', '\n')).digest('hex')
      return { number: Number(name.slice(0, 4)), name, template, checksum }
    }),
  )
}

/**
 * Applies what is missing. Two processes may do it at once: every statement can be repeated, and a migration counts as applied only
 * once its row is written, after its last statement; the row is the same whoever writes it.
 * Throws MIGRATION_CHANGED, SCHEMA_AHEAD, SETTINGS_INVALID where the tables were made for one server and are now to be a cluster's or the
 * other way round, or what the store says.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { client, database } = options
  const migrations = await readMigrations(options.folder)
  await refuseOtherLayout(options)
  for (const template of [DATABASE, MIGRATIONS_TABLE]) {
    for (const statement of renderStatement(template, options)) await run(client, statement)
  }
  const applied = await select<{ number: number; name: string; checksum: string }>(
    client,
    `SELECT number, argMin(name, applied_at) AS name, argMin(checksum, applied_at) AS checksum FROM ${database}._migrations GROUP BY number ORDER BY number`,
  )
  const missing = compare(migrations, applied)
  for (const migration of missing) {
    for (const statement of renderMigration(migration.template, options)) await run(client, statement)
    const values = { number: migration.number, name: migration.name, checksum: migration.checksum }
    await markApplied(client, database, values)
  }
}

/** What must be there before the first migration, rendered like one. */
export const DATABASE = 'CREATE DATABASE IF NOT EXISTS {database} {on_cluster} ENGINE = Atomic'
export const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS {database}._migrations {on_cluster}
(number UInt16, name String, checksum String, applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'))
ENGINE = {engine:_migrations()} ORDER BY (number, checksum)`

async function refuseOtherLayout({ client, database, cluster }: MigrateOptions): Promise<void> {
  const query = `SELECT engine FROM system.tables WHERE database = {database: String} AND name = '_events'`
  const [table] = await select<{ engine: string }>(client, query, { database })
  if (table === undefined) return
  const isSpread = table.engine === 'Distributed'
  if (isSpread === (cluster !== undefined)) return
  const message = isSpread
    ? `The database ${database} was made for a cluster: set ROAMWATCH_CLICKHOUSE_CLUSTER (clickhouse_cluster) to its name.`
    : `The database ${database} was made for one server: unset ROAMWATCH_CLICKHOUSE_CLUSTER (clickhouse_cluster), or choose another ROAMWATCH_CLICKHOUSE_DATABASE.`
  throw new AppError('SETTINGS_INVALID', message)
}

async function markApplied(client: Client, database: string, values: Record<string, unknown>): Promise<void> {
  const query = `INSERT INTO ${database}._migrations (number, name, checksum) SELECT {number: UInt16}, {name: String}, {checksum: String}`
  await run(client, query, values)
}

function compare(
  migrations: readonly Migration[],
  applied: readonly { readonly number: number; readonly name: string; readonly checksum: string }[],
): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.number, migration]))
  for (const { number, name, checksum } of applied) {
    const migration = known.get(number)
    if (migration === undefined) {
      throw new AppError(
        'SCHEMA_AHEAD',
        `The database has migration ${name}, which this version does not know. Upgrade Roamwatch.`,
      )
    }
    if (migration.checksum !== checksum) {
      const message = `The migration ${migration.name} was applied with other contents. Restore the released file; migrations only go forward.`
      throw new AppError('MIGRATION_CHANGED', message)
    }
  }
  const done = new Set(applied.map(({ number }) => number))
  return migrations.filter(({ number }) => !done.has(number))
}
