/** Runs a statement that a person wrote, as the reader that sees the views only, and hands out the answer. */
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { SqlFormat, SqlRunner } from '../event-store.ts'
import { AppError } from '../../runtime/errors.ts'
import { checkStatement } from './check-statement.ts'
import { type Client, translated } from './client.ts'
import { TENANT_HEADER } from './engine/engine-config.ts'

export type SqlDeps = {
  /** undefined: this server has no user for readers. */
  reader(): Promise<Client | undefined>
  /** Where the user is not one that we made, what it sees is looked at before each statement. */
  readonly isReaderOurs: boolean
}

const FORMATS: Readonly<Record<SqlFormat, string>> = {
  table: 'PrettyCompactMonoBlock',
  json: 'JSON',
  ndjson: 'JSONEachRow',
  csv: 'CSVWithNames',
  parquet: 'Parquet',
}
const NO_READER =
  'Ad-hoc SQL needs a user on the server that may read the views only. Set ROAMWATCH_CLICKHOUSE_READER_USER and its password.'

const SEES_OTHERS =
  "The server's user for readers sees rows of other tenants. Give it the row policies of deploy/clickhouse/users.d/roamwatch.xml."
/** `trends_hourly` shows rows of `events`. */
const TENANT_TABLES = ['events', 'dead_letters']

export function createSqlRunner(deps: SqlDeps): SqlRunner['runSql'] {
  return async function runSql(sql, format, tenant = 'default') {
    const client = await deps.reader()
    if (client === undefined) throw new AppError('QUERY_REFUSED', NO_READER)
    const query = await checkStatement(client, sql)
    const tenantHeader = { [TENANT_HEADER]: tenant }
    if (!deps.isReaderOurs) await checkTenant(client, tenant, tenantHeader)
    const result = await translated('reader', { query }, () =>
      client.exec({
        query,
        query_id: randomUUID(),
        // A FORMAT clause in the statement wins over this.
        http_headers: { ...tenantHeader, 'X-ClickHouse-Format': FORMATS[format] },
        clickhouse_settings: SETTINGS,
      }),
    )
    return result.stream
  }
}

/** Throws QUERY_REFUSED when the reader sees rows of another tenant: the server lacks the row policies of deploy/clickhouse/users.d. */
async function checkTenant(client: Client, tenant: string, http_headers: Record<string, string>): Promise<void> {
  const query = TENANT_TABLES.map((view) => `SELECT 1 FROM ${view} WHERE tenant != {tenant: String} LIMIT 1`).join(
    ' UNION ALL ',
  )
  const foreign = await translated('reader', { query }, async () => {
    const { stream } = await client.exec({ query, query_params: { tenant }, http_headers })
    return text(stream)
  })
  if (foreign !== '') throw new AppError('QUERY_REFUSED', SEES_OTHERS)
}

/** The answer is complete before its first byte is sent, so a failure is an error and never half a file. */
const SETTINGS = {
  wait_end_of_query: 1,
  // A reader of JSON rounds numbers beyond 2^53: record ids and revisions.
  output_format_json_quote_64bit_integers: 1,
  output_format_json_escape_forward_slashes: 0,
  // Tables are for a terminal of 80 columns.
  output_format_pretty_color: 0,
  output_format_pretty_row_numbers: 0,
  output_format_pretty_max_value_width: '60',
  output_format_pretty_max_rows: '10000',
  output_format_pretty_single_large_number_tip_threshold: '0',
  output_format_pretty_glue_chunks: '0',
  output_format_parquet_compression_method: 'zstd',
} as const
