/**
 * The store's figures: trends over ten million rows beside the plain query without FINAL, and bytes a row beside the table of the
 * OpenTelemetry Collector's ClickHouse exporter holding the same events.
 */
import type { TrendQuery } from '../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { createTestStore, stopTestEngine, type TestStore } from '../support/clickhouse.ts'
import { type FleetDevice, freshEvents } from './fresh-events.ts'
import { type BenchResult, percentile } from './bench.ts'

const ROWS = 10_000_000
const DEVICES = 20_000
const RUNS = 20
const STORED = 200_000
const MONTH = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' }
const MONTH_SECONDS = 30 * 86_400

export async function run(): Promise<BenchResult[]> {
  const test = await createTestStore()
  try {
    return [...(await benchTrends(test)), await benchStorage(test)]
  } finally {
    await test.remove()
    await stopTestEngine()
  }
}

async function benchTrends(test: TestStore): Promise<BenchResult[]> {
  await fill(test, 'number', 1)
  await test.admin.command({ query: `OPTIMIZE TABLE ${test.database}._events FINAL` })
  const byEntry = { measure: 'events', interval: '1h', groupBy: ['entry'] } as const
  const merged = await p95(() => trend(test, byEntry))
  const plain = await p95(() => plainTrend(test))
  const devices = await p95(() => trend(test, { measure: 'devices', interval: '1d', groupBy: [] }))
  const plainDevices = await p95(() =>
    query(test, `SELECT toStartOfDay(occurred_second) AS day, uniqExact(device) FROM _events GROUP BY day`),
  )
  await test.admin.command({ query: `SYSTEM STOP MERGES ${test.database}._events` })
  await fill(test, 'number * 20', 2, ROWS / 20)
  const unmerged = await p95(() => trend(test, byEntry))
  const plainUnmerged = await p95(() => plainTrend(test))
  await test.admin.command({ query: `TRUNCATE TABLE ${test.database}._events` })
  await test.admin.command({ query: `SYSTEM START MERGES ${test.database}._events` })
  const name = 'the plain query without FINAL, p95'
  return [
    figure('trend of 10 million rows, a month by hour and entry, p95', merged, 200, name, plain),
    figure('the same with 5 % unmerged duplicates, p95', unmerged, 500, name, plainUnmerged),
    figure('distinct devices by day of 10 million rows, p95', devices, 250, name, plainDevices),
  ]
}

function figure(name: string, value: number, most: number, peer: string, against: number): BenchResult {
  return {
    name,
    value,
    unit: 'ms',
    against: [{ name: peer, value: against }],
    goal: `<= ${most} ms`,
    met: value <= most,
  }
}

async function trend(test: TestStore, asked: Pick<TrendQuery, 'measure' | 'interval' | 'groupBy'>): Promise<void> {
  const answer = await test.store.trend({ tenant: 'default', filters: [], ...MONTH, ...asked })
  const expected = asked.measure === 'devices' ? DEVICES : ROWS
  if (answer.total !== expected) throw new Error(`the trend counted ${answer.total}, not ${expected}`)
}

const plainTrend = (test: TestStore) =>
  query(test, 'SELECT toStartOfHour(occurred_second) AS hour, entry, count() FROM _events GROUP BY hour, entry')

async function query(test: TestStore, sql: string): Promise<void> {
  const result = await test.admin.query({ query: sql, format: 'JSONCompactEachRow' })
  await result.text()
}

async function p95(work: () => Promise<void>): Promise<number> {
  await work()
  const times: number[] = []
  for (let index = 0; index < RUNS; index++) {
    const startedAt = performance.now()
    await work()
    times.push(performance.now() - startedAt)
  }
  return percentile(times, 95)
}

/** Rows made by the engine: only the columns that trends read, as an import leaves them. */
async function fill(test: TestStore, number: string, revision: number, count = ROWS): Promise<void> {
  const start = Date.parse(MONTH.from) / 1000
  await test.admin.command({
    query: `INSERT INTO _events (tenant, occurred_second, event_key, revision, occurred_at, computer_rest, device, entry, outcome, scope, user_sid, stored_at)
      SELECT 'default', toDateTime(${start} + intDiv(n * ${MONTH_SECONDS}, ${ROWS}), 'UTC') AS second, sipHash128(n), ${revision}, second,
        '.contoso.example', concat('pc-', toString(if(n < ${DEVICES}, n, cityHash64(n) % ${DEVICES}))),
        if(cityHash64(n, 1) % 7 = 0, NULL, concat('known-', toString(cityHash64(n, 2) % 40))),
        if(cityHash64(n, 3) % 10 < 6, 'failure', 'notice'), if(cityHash64(n, 4) % 10 < 8, 'roaming', 'identity'),
        concat('S-1-5-21-1-2-3-', toString(cityHash64(n, 5) % ${DEVICES})), now64(3)
      FROM (SELECT ${number} AS n FROM numbers(${count}))`,
  })
}

async function benchStorage(test: TestStore): Promise<BenchResult> {
  const events = freshEvents(STORED)
  await test.admin.command({ query: PEER_TABLE })
  for (let start = 0; start < events.length; start += 10_000) {
    const batch = events.slice(start, start + 10_000)
    await test.store.insertEvents(batch.map(({ event }) => event))
    await test.admin.insert({ table: 'peer_logs', values: batch.map(toPeerRow), format: 'JSONEachRow' })
  }
  const ours = await bytesPerRow(test, '_events')
  const peer = await bytesPerRow(test, 'peer_logs')
  const against = [{ name: "OpenTelemetry exporter's table", value: peer }]
  return {
    name: 'storage of one event',
    value: ours,
    unit: 'bytes',
    against,
    goal: '<= 0.5 of the peer',
    met: ours / peer <= 0.5,
  }
}

async function bytesPerRow(test: TestStore, table: string): Promise<number> {
  await test.admin.command({ query: `OPTIMIZE TABLE ${test.database}.${table} FINAL` })
  const result = await test.admin.query({
    query: `SELECT sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts WHERE database = {database: String} AND table = {table: String} AND active`,
    query_params: { database: test.database, table },
    format: 'JSONEachRow',
  })
  return (await result.json<{ bytes: number }>())[0]?.bytes ?? Number.NaN
}

/** The exporter's log table (opentelemetry-collector-contrib, exporter/clickhouseexporter), without its skipping indexes. */
const PEER_TABLE = `CREATE TABLE peer_logs (
  Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)), TraceFlags UInt8,
  SeverityText LowCardinality(String), SeverityNumber UInt8,
  ServiceName LowCardinality(String), Body String CODEC(ZSTD(1)),
  ResourceSchemaUrl LowCardinality(String), ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeSchemaUrl LowCardinality(String), ScopeName String CODEC(ZSTD(1)), ScopeVersion LowCardinality(String),
  ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)), EventName String CODEC(ZSTD(1))
) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)`

/** The event as that collector keeps it: Winlogbeat's text as the body, and the eight fields that a team would pull out of it. */
function toPeerRow({ event, from }: { readonly event: ClassifiedEvent; readonly from: FleetDevice }) {
  const { message, device, user, user_sid, provider, channel, event_id, record_id } = event
  const code = String(event_id)
  const time = `${event.occurred_at.slice(0, 23)}Z`
  const body = {
    '@timestamp': time,
    agent: { ephemeral_id: from.ephemeralId, id: from.agentId, name: device, type: 'winlogbeat', version: '8.19.12' },
    ecs: { version: '8.0.0' },
    event: { code, created: `${event.collected_at?.slice(0, 23) ?? ''}Z`, kind: 'event', provider },
    host: { name: event.computer },
    log: { level: 'error' },
    message,
    winlog: {
      api: 'wineventlog',
      channel,
      computer_name: event.computer,
      event_data: event.data,
      event_id: code,
      opcode: 'Info',
      process: { pid: event.process_id, thread: { id: event.thread_id } },
      provider_guid:
        event_id === 1098 ? '{4de9bc9c-b27a-43c9-8994-0915f1a5e24f}' : '{83d6e83b-900b-48a3-9835-57656b6f6474}',
      provider_name: provider,
      record_id: Number(record_id),
      user: { identifier: user_sid, domain: 'CONTOSO', name: user?.split('\\')[1], type: 'User' },
      ...(event.activity_id === null ? {} : { activity_id: `{${event.activity_id}}` }),
    },
  }
  return {
    Timestamp: time.replace('T', ' ').slice(0, -1),
    SeverityText: 'error',
    Body: JSON.stringify(body),
    LogAttributes: { device, user, user_sid, provider, channel, event_id: code, record_id, message },
  }
}

if (import.meta.main) for (const result of await run()) console.log(JSON.stringify(result))
