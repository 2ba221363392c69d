/** Runs a statement that a person wrote, as the reader that sees the views only, and hands out the answer. */
import { randomUUID } from 'node:crypto'
import type { SqlFormat, SqlRunner } from '../event-store.ts'
import { AppError } from '../../runtime/errors.ts'
import { checkStatement } from './check-statement.ts'
import { type Client, translated } from './client.ts'

export type SqlDeps = {
  /** undefined: this server has no user for readers. */
  reader(): Promise<Client | undefined>
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

export function createSqlRunner(deps: SqlDeps): SqlRunner['runSql'] {
  return async function runSql(sql, format) {
    const client = await deps.reader()
    if (client === undefined) throw new AppError('QUERY_REFUSED', NO_READER)
    const query = await checkStatement(client, sql)
    const result = await translated('reader', () =>
      client.exec({
        query,
        query_id: randomUUID(),
        // A FORMAT clause in the statement wins over this.
        http_headers: { 'X-ClickHouse-Format': FORMATS[format] },
        clickhouse_settings: SETTINGS,
      }),
    )
    return result.stream
  }
}

/** The answer is complete before its first byte is sent, so a failure is an error and never half a file. */
const SETTINGS = {
  wait_end_of_query: 1,
  output_format_json_quote_64bit_integers: 0,
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
