/** Statements as spans and durations, named as OpenTelemetry's semantic conventions for databases say. Without an SDK it does nothing. */
import { trace } from '@opentelemetry/api'
import { createHistogram, perProvider } from '../../runtime/telemetry/instruments.ts'
import { errorType, inSpan } from '../../runtime/telemetry/spans.ts'
import { timed } from '../../runtime/telemetry/timed.ts'

export type Statement = {
  readonly query: string
  /** The table that is written or looked up in: `database.table`. */
  readonly table?: string
  /** Rows that are written or looked up. */
  readonly rows?: number
}

const OPERATIONS = new Set([
  'SELECT',
  'INSERT',
  'CREATE',
  'ALTER',
  'DROP',
  'OPTIMIZE',
  'KILL',
  'EXPLAIN',
  'SYSTEM',
  'SHOW',
])
/** A question begins so where it names parts of itself first. */
const WITH = 'WITH'
const durations = perProvider(() => createHistogram('db.client.operation.duration'))

/** Runs `call`, which sends the statement. A span only within another one: what nobody asked for in a trace is no trace. */
export async function measureStatement<T>(statement: Statement, call: () => Promise<T>): Promise<T> {
  const record = durations()
  const operation = operationOf(statement.query)
  const [database, table] = statement.table?.split('.') ?? []
  const attributes = {
    'db.system.name': 'clickhouse',
    'db.operation.name': operation,
    ...(table === undefined ? {} : { 'db.namespace': database, 'db.collection.name': table }),
  }
  const { rows } = statement
  const ofSpan = { ...attributes, ...(rows === undefined ? {} : { 'db.operation.batch.size': rows }) }
  const name = table === undefined ? operation : `${operation} ${table}`
  const isTraced = trace.getActiveSpan() !== undefined
  const traced = () => (isTraced ? inSpan(name, { kind: 'client', attributes: ofSpan }, call) : call())
  return timed(traced, (seconds, error) =>
    record(seconds, { ...attributes, 'error.type': error === undefined ? undefined : errorType(error) }),
  )
}

function operationOf(query: string): string {
  const word = /^\s*([A-Za-z]+)/.exec(query)?.[1]?.toUpperCase() ?? ''
  if (word === WITH) return 'SELECT'
  return OPERATIONS.has(word) ? word : '_OTHER'
}
