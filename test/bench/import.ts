/**
 * `roamwatch import` of a million Winlogbeat lines into an empty store, beside its two halves alone: the chain (file to rows,
 * nothing stored) and the engine (rows that are ready, nothing computed). The slower half is the limit.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { collectFiles } from '../../collectors/files/collect-files.ts'
import { createIntake } from '../../collectors/intake.ts'
import { simulateFleet } from '../../collectors/simulator/simulate-fleet.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../schemas/catalog/load-rules.ts'
import { createPipeline } from '../../services/processor/pipeline.ts'
import { embeddedAccess } from '../../services/store/clickhouse/access.ts'
import { insertBytes } from '../../services/store/clickhouse/client.ts'
import { createEmbeddedStore } from '../../services/store/clickhouse/clickhouse-store.ts'
import { appendRow, ROW_COLUMNS } from '../../services/store/clickhouse/encode-row.ts'
import { clearRows, takeRows } from '../../services/store/clickhouse/row-writer.ts'
import type { Batch, Receipt, Sink } from '../../services/transport/transport.ts'
import type { BenchResult } from './bench.ts'

const EVENTS = 1_000_000
const GOAL = 0.7
const MAIN = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts')
const DATABASE = 'roamwatch'

export async function run(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'roamwatch-bench-'))
  try {
    const path = join(folder, 'winlogbeat.ndjson')
    await writeLines(path)
    const { seconds: chain, blocks } = await chainAlone(path)
    const engine = await engineAlone(join(folder, 'engine'), blocks)
    const whole = await importWhole(path, join(folder, 'data'))
    const limit = Math.max(chain, engine)
    const ratio = limit / whole
    return [
      {
        name: 'import of 1 million Winlogbeat lines into an empty store',
        value: Math.round(EVENTS / whole),
        unit: 'events/s',
        against: [
          { name: 'the chain alone (file to encoded rows)', value: Math.round(EVENTS / chain) },
          { name: 'the engine alone (rows that are ready, two inserts in flight)', value: Math.round(EVENTS / engine) },
          { name: 'ratio to the slower', value: ratio, unit: '' },
        ],
        goal: `ratio >= ${GOAL}`,
        met: ratio >= GOAL,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The sample fleet's lines, again and again with fresh record ids. */
async function writeLines(path: string): Promise<void> {
  const lines: string[] = []
  for await (const records of simulateFleet({
    seed: 1,
    devices: 400,
    days: 14,
    end: new Date('2026-11-24T00:00:00Z'),
  })) {
    for (const { shape, text: line } of records) if (shape === 'winlogbeat') lines.push(line)
  }
  const stream = createWriteStream(path)
  for (let written = 0, round = 0; written < EVENTS; round++) {
    const part = lines
      .slice(0, EVENTS - written)
      .map((line) => line.replace('"record_id":', `"record_id":${round + 1}0`))
    written += part.length
    if (!stream.write(`${part.join('\n')}\n`)) await once(stream, 'drain')
  }
  await once(stream.end(), 'close')
}

/** Everything `import` does but storing; keeps the encoded batches for the engine's own run. */
async function chainAlone(path: string): Promise<{ seconds: number; blocks: Buffer[] }> {
  const catalog = loadCatalog()
  const pipeline = createPipeline({ catalog, rules: loadRules(), now: () => new Date() })
  const blocks: Buffer[] = []
  const sink: Sink = {
    send(batch) {
      const { rows } = pipeline.processBatch(batch.events, { tenant: batch.tenant, kind: 'file', origin: () => path })
      clearRows()
      for (const row of rows) appendRow(row)
      blocks.push(Buffer.from(takeRows()))
      return Promise.resolve(receiptOf(batch))
    },
  }
  const startedAt = performance.now()
  await collectFiles([path], {
    intake: createIntake({ catalog, tenant: 'default', keep: 'known', sourceKind: 'file', clock: Date.now }),
    sink,
    runId: 'bench',
    clock: Date.now,
    retry: { deadlineMs: 0 },
  })
  return { seconds: (performance.now() - startedAt) / 1000, blocks }
}

function receiptOf({ events }: Batch): Receipt {
  return {
    received: events.length,
    accepted: events.length,
    dead_lettered: 0,
    dropped: 0,
    stored: events.length,
    duplicates: 0,
  }
}

async function engineAlone(dataDir: string, blocks: readonly Buffer[]): Promise<number> {
  const store = createEmbeddedStore({ dataDir })
  await store.open()
  const access = embeddedAccess({ dataDir })
  const { admin } = await access.connect()
  const target = { table: `${DATABASE}._events`, columns: ROW_COLUMNS }
  let next = 0
  const insertSome = async () => {
    for (let block = blocks[next++]; block !== undefined; block = blocks[next++]) {
      await insertBytes(admin, target, 'RowBinary', block)
    }
  }
  const startedAt = performance.now()
  await Promise.all([insertSome(), insertSome()])
  const seconds = (performance.now() - startedAt) / 1000
  await access.close()
  await store.close()
  return seconds
}

/** In a process of its own, with the start of the engine: what a user waits for. */
async function importWhole(path: string, data: string): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [MAIN, 'import', '--data', data, '--json', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const answer = await text(child.stdout)
  const seconds = (performance.now() - startedAt) / 1000
  const { stored } = JSON.parse(answer.trimEnd().split('\n').at(-1) ?? '{}') as { stored?: number }
  if (stored !== EVENTS) throw new Error(`stored ${stored ?? 'nothing'} of ${EVENTS}: ${answer}`)
  return seconds
}
