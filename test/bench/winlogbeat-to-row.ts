/**
 * Winlogbeat bytes to stored row on one thread: split, decode, key, normalise, classify, encode. Beside what no processor of
 * these events can go below: `JSON.parse` of each line, the hash of the key, `JSON.stringify` of the ready row.
 */
import { hash } from 'node:crypto'
import type { Decoded } from '../../collectors/formats/format.ts'
import { createJsonReader } from '../../collectors/formats/json-format.ts'
import { JSON_SHAPES } from '../../collectors/formats/json-shapes.ts'
import { simulateFleet } from '../../collectors/simulator/simulate-fleet.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../schemas/catalog/load-rules.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { createPipeline, type Pipeline } from '../../services/processor/pipeline.ts'
import { appendRow } from '../../services/store/clickhouse/encode-row.ts'
import { takeRows } from '../../services/store/clickhouse/row-writer.ts'
import { type BenchResult, cpuSeconds, measureTogether } from './bench.ts'

const LINES = 30_000
const CHUNK_BYTES = 64 * 1024
const GOAL = 0.7
const NOW = new Date('2026-11-24T00:00:00Z')

export async function run(): Promise<BenchResult[]> {
  const lines = await winlogbeatLines(LINES)
  const chunks = chunksOf(Buffer.from(`${lines.join('\n')}\n`))
  const pipeline = createPipeline({ catalog: loadCatalog(), rules: loadRules(), now: () => NOW })
  const rows: ClassifiedEvent[] = []
  // Copies: where rows are seen to live long, V8 puts all later ones into the old generation at once, which no stage does with them.
  toRows(chunks, pipeline, (row) => rows.push(JSON.parse(JSON.stringify(row)) as ClassifiedEvent))
  if (rows.length !== lines.length) throw new Error(`${rows.length} rows of ${lines.length} lines`)
  const [chain = NaN, floor = NaN] = measureTogether(
    [
      () => {
        toRows(chunks, pipeline, appendRow)
      },
      () => {
        parseHashStringify(lines, rows)
      },
    ],
    21,
    cpuSeconds,
  )
  const ratio = floor / chain
  return [
    {
      name: 'Winlogbeat bytes to row, one thread (CPU time)',
      value: Math.round(lines.length / chain),
      unit: 'events/s',
      against: [
        { name: 'JSON.parse + key hash + JSON.stringify', value: Math.round(lines.length / floor) },
        { name: 'ratio', value: Math.round(ratio * 100) / 100, unit: '' },
      ],
      goal: `ratio >= ${GOAL}`,
      met: ratio >= GOAL,
    },
  ]
}

/** The sample fleet's Winlogbeat lines: all engines and causes, seeded. */
async function winlogbeatLines(count: number): Promise<string[]> {
  const lines: string[] = []
  for await (const records of simulateFleet({ seed: 1, devices: 400, days: 14, end: NOW })) {
    for (const { shape, text } of records) if (shape === 'winlogbeat') lines.push(text)
    if (lines.length >= count) break
  }
  return lines.slice(0, count)
}

function chunksOf(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES))
  return chunks
}

/** As in the default install: what one chunk of the file gives is one batch, whose rows are encoded together. */
function toRows(chunks: readonly Uint8Array[], pipeline: Pipeline, take: (row: ClassifiedEvent) => void): void {
  const reader = createJsonReader(JSON_SHAPES, { receivedAt: NOW.toISOString() })
  const source = { tenant: 'default', kind: 'file', origin: (index: number) => `bench#${index}` }
  const toBatch = (batch: readonly Decoded[]): void => {
    const events: WindowsEvent[] = []
    for (const decoded of batch) if (decoded.kind === 'event') events.push(decoded.event)
    for (const row of pipeline.processBatch(events, source).rows) take(row)
    takeRows()
  }
  for (const chunk of chunks) toBatch(reader.push(chunk))
  toBatch(reader.end())
}

function parseHashStringify(lines: readonly string[], rows: readonly ClassifiedEvent[]): number {
  let length = 0
  for (const [index, line] of lines.entries()) {
    const row = rows[index]
    if (row === undefined) continue
    const value: unknown = JSON.parse(line)
    const { tenant, computer, channel, record_id, provider, event_id, occurred_at } = row
    const key = hash(
      'sha256',
      JSON.stringify(['1', tenant, computer, channel, record_id, provider, `${event_id}`, occurred_at]),
      'hex',
    )
    length += JSON.stringify(row).length + key.length + (value === null ? 1 : 0)
  }
  return length
}
