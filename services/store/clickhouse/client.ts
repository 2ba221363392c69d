/** Calls to ClickHouse over HTTP, the same for the embedded engine and a server, and the one place where its errors are translated. */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { ClickHouseError, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client'
import { AppError, type ErrorCode } from '../../runtime/errors.ts'
import { RowRefused } from '../event-store.ts'
import { measureStatement, type Statement } from './measure-statement.ts'

export type ClientOptions = {
  /** For example http://127.0.0.1:8123 or https://clickhouse.example:8443. */
  readonly url: string
  readonly username: string
  readonly password: string
  readonly database: string
  /** PEM file of the authority that signed the server's certificate; the system's authorities unless given. */
  readonly caFile?: string
  /** Is it a server of a cluster over whose shards tables are spread? */
  readonly isCluster?: boolean
  readonly requestTimeoutMs?: number
}

export type Client = ReturnType<typeof createClient>

/** Longest request of our own, in milliseconds; longer than any query may run. */
const REQUEST_TIMEOUT_MS = 120_000
/** The server drops idle connections after 3 s (default) or 30 s (engine); ours end before. */
const IDLE_SOCKET_MS = 2500
const MAX_CONNECTIONS = 16

export function openClient(options: ClientOptions): Client {
  const isLoopback = /^https?:\/\/(127\.|localhost|\[::1\])/.test(options.url)
  return createClient({
    url: options.url,
    username: options.username,
    password: options.password,
    database: options.database,
    application: 'roamwatch',
    request_timeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    max_open_connections: MAX_CONNECTIONS,
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
    // Compression costs CPU that a loopback does not pay back.
    compression: { request: !isLoopback, response: !isLoopback },
    ...(options.caFile === undefined ? {} : { tls: { ca_cert: readFileSync(options.caFile) } }),
    clickhouse_settings: options.isCluster === true ? { ...OWN_SETTINGS, ...CLUSTER_SETTINGS } : OWN_SETTINGS,
    // What matters reaches the caller as an error; the client's own advice would only stand in the way of a command's output.
    log: { level: ClickHouseLogLevel.OFF },
  })
}

/** Of every request of ours. */
const OWN_SETTINGS: ClickHouseSettings = {
  // Both copies of an event lie in one partition, so partitions need not be merged with each other.
  do_not_merge_across_partitions_select_final: 1,
  // A filter that ran before FINAL would judge copies that FINAL drops.
  optimize_move_to_prewhere_if_final: 0,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_denormals: 0,
  date_time_output_format: 'iso',
  session_timezone: 'UTC',
  wait_end_of_query: 0,
  async_insert: 0,
}

/** A subquery is asked once, by the server that we ask, and its answer sent along to the shards; else each shard would ask it of all shards. */
const CLUSTER_SETTINGS: ClickHouseSettings = { distributed_product_mode: 'global' }

/** Whose request it was decides what an error means: the store's own work, rows to insert, a question of the API, or a statement that a reader wrote. */
export type Asker = 'store' | 'rows' | 'question' | 'reader'

/** Runs a statement without a result. */
export async function run(client: Client, query: string, params: Record<string, unknown> = {}): Promise<void> {
  await translated('store', { query }, () => client.command({ query, query_params: params }))
}

/** Rows of a query as objects; 64-bit numbers are strings. Values reach it as parameters, never as text of the query. */
export async function select<T>(
  client: Client,
  query: string,
  params: Record<string, unknown> = {},
  settings: ClickHouseSettings = {},
  asker: Asker = 'store',
): Promise<T[]> {
  return translated(asker, { query }, async () => {
    const result = await client.query({
      query,
      query_params: params,
      format: 'JSONEachRow',
      clickhouse_settings: settings,
      use_multipart_params_auto: true,
    })
    return result.json<T>()
  })
}

/** The answer of a query whose only value is base64, decoded. The query may be long. */
export async function selectBase64(
  client: Client,
  statement: Statement,
  params: Record<string, unknown>,
): Promise<Buffer> {
  const { query } = statement
  return translated('store', statement, async () => {
    const settings = { max_query_size: String(query.length + 1024) }
    const result = await client.query({
      query,
      query_params: params,
      format: 'TabSeparated',
      clickhouse_settings: settings,
    })
    return Buffer.from(await result.text(), 'base64')
  })
}

/** The plain text that a reader's statement answers. */
export async function readerText(client: Client, query: string, params: Record<string, unknown> = {}): Promise<string> {
  return translated('reader', { query }, async () => {
    const result = await client.exec({ query, query_params: params })
    return text(result.stream)
  })
}

/** Readers use FINAL, or do not care how many copies of a row there are; replacing within the block as well takes a fifth of an insert. */
const INSERT_SETTINGS: ClickHouseSettings = { optimize_on_insert: 0 }

/** Inserts rows that are already encoded (`rows`: how many, for telemetry). Resolves when they can be read. */
export async function insertBytes(
  client: Client,
  target: { readonly table: string; readonly columns: readonly string[]; readonly rows?: number },
  format: 'RowBinary' | 'JSONEachRow',
  bytes: Uint8Array,
): Promise<void> {
  const query = `INSERT INTO ${target.table} (${target.columns.join(', ')}) FORMAT ${format}`
  await translated('rows', { ...target, query }, async () => {
    const values = Readable.from([bytes], { objectMode: false })
    const result = await client.exec({ query, values, clickhouse_settings: INSERT_SETTINGS })
    await buffer(result.stream)
  })
}

/** Runs a call and turns whatever it throws into an AppError. */
export async function translated<T>(asker: Asker, statement: Statement, call: () => Promise<T>): Promise<T> {
  return measureStatement(statement, async () => {
    try {
      return await call()
    } catch (error) {
      throw translateError(error, asker)
    }
  })
}

/** ClickHouse's error numbers (its `ErrorCodes`), by what the caller can do. */
const TRY_LATER = new Set([3, 159, 202, 203, 209, 210, 236, 241, 242, 252, 285, 286, 319, 394, 415, 439, 473, 667, 999])
const DISK_FULL = new Set([75, 243])
const OUT_OF_TIME = new Set([159, 160, 209])
/**
 * What a value of a row can cause, and nothing else can: no number or time to read (6, 41, 72), more or less than the type holds (32, 33, 69,
 * 117, 128, 131, 321, 349, 691), a constraint (469) or throwIf of the table's (395).
 */
const ROW_AT_FAULT = new Set([6, 32, 33, 41, 69, 72, 117, 128, 131, 321, 349, 395, 469, 691])
/** Rights, read-only mode, limits on settings, memory, rows, bytes, depth and elements. */
const NOT_ALLOWED = new Set([
  158, 164, 167, 168, 191, 192, 202, 241, 291, 306, 307, 344, 371, 392, 396, 446, 452, 479, 482, 485, 497, 516, 620,
  622, 731,
])

export function translateError(error: unknown, asker: Asker): AppError {
  if (error instanceof AppError) return error
  if (!(error instanceof ClickHouseError)) {
    const own = foreignException(error)
    if (own !== undefined) {
      const code = asker === 'reader' ? 'QUERY_INVALID' : 'STORE_REFUSED'
      return new AppError(code, own, { cause: error })
    }
    const reason = error instanceof Error ? error.message || error.name : String(error)
    return new AppError('STORE_UNAVAILABLE', `ClickHouse does not answer: ${reason}`, { retryable: true, cause: error })
  }
  const number = Number(error.code)
  const words = shortened(error.message)
  if (asker === 'reader') return new AppError(readerCode(number), words, { cause: error })
  if (asker === 'question' && OUT_OF_TIME.has(number)) return new AppError('QUERY_TIMEOUT', words, { cause: error })
  if (DISK_FULL.has(number)) {
    return new AppError('STORE_REFUSED', `ClickHouse cannot write; is the disk full? ${words}`, { cause: error })
  }
  if (TRY_LATER.has(number)) return new AppError('STORE_UNAVAILABLE', words, { retryable: true, cause: error })
  if (asker === 'rows' && ROW_AT_FAULT.has(number)) {
    return new RowRefused(`ClickHouse refused a row: ${words}`, { cause: error })
  }
  return new AppError('STORE_REFUSED', `ClickHouse refused the request: ${words}`, { cause: error })
}

/** What ClickHouse answers when a library of its own threw (code 1001 and a form that its client does not know); undefined for all else. */
function foreignException(error: unknown): string | undefined {
  return error instanceof Error && error.message.startsWith('std::exception. Code: 1001')
    ? shortened(error.message)
    : undefined
}

function readerCode(number: number): ErrorCode {
  if (OUT_OF_TIME.has(number)) return 'QUERY_TIMEOUT'
  return NOT_ALLOWED.has(number) ? 'QUERY_REFUSED' : 'QUERY_INVALID'
}

/** ClickHouse's own words without its version, its stack and the repeated statement; one line, 400 characters at most. */
function shortened(message: string): string {
  const line = message
    .replace(/\s*\(version [^)]*\)/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length > 400 ? `${line.slice(0, 399)}…` : line
}
