/**
 * Event XML bytes to stored row on one thread: split, decode, key, normalise, classify, encode. Beside the XML scanner
 * (saxes) alone on the same events, handlers empty: what a processor built on it could not go below.
 */
import { SaxesParser } from 'saxes'
import { createEventXmlReader } from '../../collectors/formats/event-xml.ts'
import type { Decoded } from '../../collectors/formats/format.ts'
import { simulateFleet } from '../../collectors/simulator/simulate-fleet.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../schemas/catalog/load-rules.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { createPipeline, type Pipeline } from '../../services/processor/pipeline.ts'
import { appendRow } from '../../services/store/clickhouse/encode-row.ts'
import { takeRows } from '../../services/store/clickhouse/row-writer.ts'
import { type BenchResult, measureTogether } from './bench.ts'

const EVENTS = 20_000
const CHUNK_BYTES = 64 * 1024
const GOAL_PER_SECOND = 45_000
const GOAL_RATIO = 0.9
const NOW = new Date('2026-11-24T00:00:00Z')

export async function run(): Promise<BenchResult[]> {
  const events = await eventXmlTexts(EVENTS)
  const chunks = chunksOf(Buffer.from(`${events.join('\r\n')}\r\n`))
  const pipeline = createPipeline({ catalog: loadCatalog(), rules: loadRules(), now: () => NOW })
  let rows = 0
  toRows(chunks, pipeline, () => rows++)
  if (rows !== events.length) throw new Error(`${rows} rows of ${events.length} events`)
  const [chain = NaN, scanner = NaN] = measureTogether(
    [
      () => {
        toRows(chunks, pipeline, appendRow)
      },
      () => {
        scan(events)
      },
    ],
    7,
  )
  const perSecond = events.length / chain
  const ratio = scanner / chain
  return [
    {
      name: 'event XML bytes to row, one thread',
      value: Math.round(perSecond),
      unit: 'events/s',
      against: [
        { name: 'the XML scanner alone', value: Math.round(events.length / scanner) },
        { name: 'ratio', value: Math.round(ratio * 100) / 100, unit: '' },
      ],
      goal: `>= ${GOAL_PER_SECOND} events/s, or ratio >= ${GOAL_RATIO}`,
      met: perSecond >= GOAL_PER_SECOND || ratio >= GOAL_RATIO,
    },
  ]
}

/** The sample fleet's event XML: all engines and causes, seeded. */
async function eventXmlTexts(count: number): Promise<string[]> {
  const texts: string[] = []
  for await (const records of simulateFleet({ seed: 1, devices: 400, days: 14, end: NOW })) {
    for (const { shape, text } of records) if (shape === 'event_xml') texts.push(text)
    if (texts.length >= count) break
  }
  return texts.slice(0, count)
}

function chunksOf(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES))
  return chunks
}

function toRows(chunks: readonly Uint8Array[], pipeline: Pipeline, take: (row: ClassifiedEvent) => void): void {
  const reader = createEventXmlReader({ receivedAt: NOW.toISOString() })
  const source = { tenant: 'default', kind: 'file', origin: (index: number) => `bench#${index}` }
  const takeBatch = (batch: readonly Decoded[]): void => {
    const events: WindowsEvent[] = []
    for (const decoded of batch) if (decoded.kind === 'event') events.push(decoded.event)
    for (const row of pipeline.processBatch(events, source).rows) take(row)
    takeRows()
  }
  for (const chunk of chunks) takeBatch(reader.push(chunk))
  takeBatch(reader.end())
}

function scan(texts: readonly string[]): number {
  let tags = 0
  for (const text of texts) {
    const parser = new SaxesParser({ position: false })
    parser.on('opentag', () => tags++)
    parser.on('text', () => undefined)
    parser.on('closetag', () => undefined)
    parser.write(text).close()
  }
  return tags
}
