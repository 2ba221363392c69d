/**
 * Turns the templates of migrations into statements, for one server or for a cluster of shards and replicas.
 *
 * On a cluster the large tables are spread over the shards: `_events` is then a Distributed table over `_events_local`, so that everything
 * that reads or writes `_events` stays as it is. The small ones are whole on every server. docs/decisions/0011-cluster.md says why.
 */
import { AppError } from '../../runtime/errors.ts'

export type Placement = {
  readonly database: string
  /** Name of the cluster in the servers' `remote_servers`; a single server unless given. */
  readonly cluster?: string | undefined
}

/** Identifiers that we put into a statement unquoted. */
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/**
 * The tables that are spread, and by what. All copies of one row have the same key and so meet on one shard, where the engine replaces
 * them; no shard ever has to know what another one holds. The keys are hashes already: half of one is as even as any hash of it.
 */
const SHARDING_KEYS: ReadonlyMap<string, string> = new Map([
  ['_events', 'event_key'],
  ['_dead_letters', 'dead_letter_key'],
])

/** Table on each shard that holds its part of a spread table. */
const localName = (table: string) => `${table}_local`

/** The statements of a template, in order. Each can be repeated. Throws SETTINGS_INVALID for a name that is none. */
export function renderMigration(template: string, placement: Placement): readonly string[] {
  return splitStatements(template).flatMap((statement) => renderStatement(statement, placement))
}

/** One statement of a template: two where a spread table and the table over it are both concerned. */
export function renderStatement(statement: string, placement: Placement): readonly string[] {
  const { database, cluster } = placement
  for (const name of [database, cluster ?? 'none']) {
    if (!IDENTIFIER.test(name))
      throw new AppError('SETTINGS_INVALID', `${name} cannot be the name of a database or cluster`)
  }
  const [, verb, table = ''] = /^(CREATE|ALTER) TABLE (?:IF NOT EXISTS )?\{database\}\.(\w+)/.exec(statement) ?? []
  const key = SHARDING_KEYS.get(table)
  if (cluster === undefined || key === undefined) return [fill(statement, placement)]
  const local = fill(statement.replace(`{database}.${table}`, `{database}.${localName(table)}`), placement)
  if (verb === 'CREATE') return [local, distributedTable(table, key, { database, cluster })]
  return isAboutColumns(statement) ? [local, fill(statement, placement)] : [local]
}

/** The table over the shards has the columns, but no indexes, settings or partitions. */
function isAboutColumns(alter: string): boolean {
  const commands = alter.match(/\b(?:ADD|DROP|CLEAR|MODIFY|RENAME|COMMENT|MATERIALIZE)\s+[A-Z]+/g) ?? []
  const columns = commands.filter((command) => command.endsWith('COLUMN'))
  if (columns.length > 0 && columns.length < commands.length)
    throw new Error(`a migration must change columns of a spread table in a statement of their own: ${alter}`)
  return columns.length > 0
}

function distributedTable(table: string, key: string, { database, cluster }: Required<Placement>): string {
  const local = localName(table)
  return `CREATE TABLE IF NOT EXISTS ${database}.${table} ON CLUSTER ${cluster} AS ${database}.${local}
ENGINE = Distributed(${cluster}, ${database}, ${local}, reinterpretAsUInt64(${key}))`
}

/** Statements of a file: split at semicolons that end a line; comment lines are left out. */
function splitStatements(template: string): readonly string[] {
  const code = template
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n')
  return code
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

function fill(template: string, { database, cluster }: Placement): string {
  return template
    .replaceAll('{database}', database)
    .replaceAll('{on_cluster}', cluster === undefined ? '' : `ON CLUSTER ${cluster}`)
    .replaceAll(/\{engine:(\w+)\(([^)]*)\)\}/g, (_, table: string, args: string) => {
      if (cluster === undefined) return `ReplacingMergeTree(${args})`
      const [path, replica] = SHARDING_KEYS.has(table)
        ? [`/clickhouse/tables/{shard}/${database}/${localName(table)}`, '{replica}']
        : [`/clickhouse/tables/all/${database}/${table}`, '{shard}-{replica}']
      return `ReplicatedReplacingMergeTree('${path}', '${replica}'${args === '' ? '' : `, ${args}`})`
    })
}
