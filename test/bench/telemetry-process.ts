/** One mode of test/bench/telemetry.ts: `no-op` or `sdk URL` prints CPU µs an event as JSON; `receiver` takes OTLP and prints its URL. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { simulateFleet } from '../../collectors/simulator/simulate-fleet.ts'
import { createJsonReader } from '../../collectors/formats/json-format.ts'
import { JSON_SHAPES } from '../../collectors/formats/json-shapes.ts'
import { createSecretRemover } from '../../collectors/redact-secrets.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../schemas/catalog/load-rules.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { startTelemetry } from '../../services/cli/telemetry/start-telemetry.ts'
import { createHandleBatch } from '../../services/processor/handle-batch.ts'
import { createPipeline } from '../../services/processor/pipeline.ts'
import { createLogger } from '../../services/runtime/logging.ts'
import { readSettings } from '../../services/runtime/settings.ts'
import { createStepTimer } from '../../services/runtime/telemetry/step-timer.ts'
import { appendRow } from '../../services/store/clickhouse/encode-row.ts'
import { measureStatement } from '../../services/store/clickhouse/measure-statement.ts'
import { clearRows, takeRows } from '../../services/store/clickhouse/row-writer.ts'
import { encodeEvent, messageHeaders } from '../../services/transport/kafka/encode-message.ts'
import { toBatches } from '../../services/transport/kafka/kafka-source.ts'
import { createConsumedCounter } from '../../services/transport/kafka/measure-client.ts'
import type { Chunk } from '../../services/transport/kafka/partition-ledger.ts'
import type { KafkaRecord } from '../../services/transport/kafka/record-reader.ts'
import { traceProcess } from '../../services/transport/kafka/trace-messages.ts'
import { cpuSeconds, median } from './bench.ts'
import { unpacked } from '../support/unpacked-rows.ts'

const EVENTS = 10_000
const BATCH = 2_000
/** One sender's messages: a gateway's batch. */
const SENDER = 500
const RUNS = 9
const NOW = new Date('2026-11-24T00:00:00Z')

const [mode, url = ''] = process.argv.slice(2)
if (mode === 'receiver') serve()
else console.log(JSON.stringify(await measure()))

function serve(): void {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()))
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
}

async function measure() {
  const env = mode === 'sdk' ? { ROAMWATCH_TELEMETRY_OTLP_ENDPOINT: url } : { ROAMWATCH_TELEMETRY_PROMETHEUS: 'off' }
  const log = createLogger({ level: 'warn', service: 'bench' })
  const telemetry = await startTelemetry(readSettings({ env }), { service: 'bench', env, log })
  const chunks = await chunksOfMessages()
  const { plain, instrumented } = createChains()
  const seconds = { plain: [] as number[], instrumented: [] as number[] }
  for (let run = -3; run < RUNS; run++) {
    const turns = run % 2 === 0 ? (['plain', 'instrumented'] as const) : (['instrumented', 'plain'] as const)
    for (const turn of turns) {
      const startedAt = cpuSeconds()
      for (const chunk of chunks) await (turn === 'plain' ? plain : instrumented)([chunk])
      if (run >= 0) seconds[turn].push(cpuSeconds() - startedAt)
    }
    const page = (await telemetry.metrics?.()) ?? '' // somebody scrapes
    if (mode === 'sdk' && !page.includes('roamwatch_process_received_records_total'))
      throw new Error('nothing recorded')
  }
  await telemetry.stop()
  const perEvent = (values: readonly number[]) => (median(values) / EVENTS) * 1e6
  return { plain: perEvent(seconds.plain), instrumented: perEvent(seconds.instrumented) }
}

/** Decode, classify, encode: once as the processor has them, once without spans, counts and durations. */
function createChains() {
  const catalog = loadCatalog()
  const pipeline = createPipeline({ catalog, rules: loadRules(), now: () => NOW })
  const deps = { tenant: 'default', redact: createSecretRemover(catalog), now: () => NOW.getTime() }
  const insert = (rows: readonly ClassifiedEvent[]): Promise<readonly boolean[]> => {
    clearRows()
    for (const row of rows) appendRow(row)
    takeRows()
    return Promise.resolve(rows.map(() => true))
  }
  const none = () => Promise.resolve()
  const table = 'roamwatch._events'
  const store = {
    ...unpacked(async (rows: readonly ClassifiedEvent[]) => {
      await measureStatement({ query: 'SELECT', table, rows: rows.length }, none)
      return measureStatement({ query: 'INSERT', table, rows: rows.length }, () => insert(rows))
    }),
    insertDeadLetters: none,
    insertDeadLetterActions: none,
  }
  const handle = createHandleBatch({ pipeline, store, sourceKind: 'kafka' })
  const step = createStepTimer()
  const count = createConsumedCounter('bench')
  return {
    instrumented: traceProcess('bench', async (chunks) => {
      for (const chunk of chunks) count(chunk.topic, chunk.records.length)
      await handle(step('decode', () => chunks.flatMap((chunk) => toBatches(deps, 'events', chunk))))
    }),
    plain: async (chunks: readonly Chunk<KafkaRecord>[]) => {
      const batches = chunks.flatMap((chunk) => toBatches(deps, 'events', chunk))
      for (const batch of batches) {
        const source = { tenant: batch.tenant, kind: 'kafka', origin: (index: number) => `${batch.batchId}#${index}` }
        await none()
        await insert(pipeline.processBatch(batch.events, source).rows)
      }
    },
  }
}

/** The sample fleet's events as the gateway sends them, with the trace of every 500th sender. */
async function chunksOfMessages(): Promise<Chunk<KafkaRecord>[]> {
  const records: KafkaRecord[] = []
  const reader = createJsonReader(JSON_SHAPES, { receivedAt: NOW.toISOString() })
  for await (const of of simulateFleet({ seed: 1, devices: 400, days: 14, end: NOW })) {
    const lines = of.filter(({ shape }) => shape === 'winlogbeat').map(({ text }) => `${text}\n`)
    for (const decoded of reader.push(Buffer.from(lines.join('')))) {
      if (decoded.kind !== 'event') continue
      const sender = Math.floor(records.length / SENDER) + 1
      const traceparent = `00-${sender.toString(16).padStart(32, '0')}-${sender.toString(16).padStart(16, '0')}-01`
      const { key, value, headers } = encodeEvent(
        'default',
        decoded.event,
        messageHeaders('default', mode === 'sdk' ? { traceparent } : {}),
      )
      const received = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const)
      const timestamp = String(NOW.getTime())
      records.push({ key, value, headers: Object.fromEntries(received), offset: String(records.length), timestamp })
    }
    if (records.length >= EVENTS) break
  }
  return Array.from({ length: EVENTS / BATCH }, (_, at) => chunkOf(records.slice(at * BATCH, (at + 1) * BATCH)))
}

function chunkOf(records: readonly KafkaRecord[]): Chunk<KafkaRecord> {
  const [first, last] = [records[0], records.at(-1)] as [KafkaRecord, KafkaRecord]
  const time = NOW.getTime()
  return {
    topic: 'roamwatch-events',
    partition: 0,
    firstOffset: BigInt(first.offset),
    lastOffset: BigInt(last.offset),
    firstTime: time,
    lastTime: time,
    bytes: 0,
    records,
  }
}
