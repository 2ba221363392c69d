import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbeddedStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { readEngineCard } from '../../../services/store/clickhouse/engine/engine-files.ts'
import { hasEngine, temporaryDirectory } from '../../support/clickhouse.ts'
import { createRandom } from '../../support/seeded-random.ts'
import { numberedRow, originalOf } from './numbered-rows.ts'

const ROWS = 20_000
const KILLS = 20
const LONGEST_RUN_MS = 1500

describe.skipIf(!hasEngine())('kills in the middle of an import', () => {
  let directory: ReturnType<typeof temporaryDirectory>
  beforeAll(() => {
    directory = temporaryDirectory()
  })
  afterAll(() => directory.remove())

  it('20 times of the writer, the engine or both lose nothing, invent nothing and leave the trends exact', async () => {
    const random = createRandom(20261124)
    for (let kill = 0; kill < KILLS; kill++) {
      const writer = startWriter(directory.path)
      await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_RUN_MS))
      const victim = ['writer', 'engine', 'both'][kill % 3]
      if (victim !== 'writer') await killEngine(directory.path)
      if (victim === 'engine') await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_RUN_MS))
      writer.process.kill('SIGKILL')
      await writer.ended
    }
    const last = startWriter(directory.path)
    expect(await last.ended).toBe(0)
    expect(last.output()).toMatch(/done$/)
    await expectExact(directory.path)
  }, 240_000)
})

async function expectExact(dataDir: string): Promise<void> {
  const distinct = new Set(Array.from({ length: ROWS }, (_, number) => originalOf(number)))
  const store = createEmbeddedStore({ dataDir })
  await store.open()
  const range = { from: '2026-11-01T00:00:00Z', to: '2026-11-04T00:00:00Z' }
  const trend = await store.trend({
    tenant: 'default',
    measure: 'events',
    interval: '1h',
    groupBy: ['entry'],
    filters: [],
    ...range,
  })
  expect(trend.total).toBe(distinct.size)
  const expected = new Map<string, number>()
  for (const number of distinct) {
    const row = numberedRow(number)
    const slot = `${row.entry ?? ''} ${row.occurred_at.slice(0, 13)}`
    expected.set(slot, (expected.get(slot) ?? 0) + 1)
  }
  const counted = new Map<string, number>()
  for (const { group, points } of trend.series) {
    for (const [start, n] of points) if (n > 0) counted.set(`${group['entry'] ?? ''} ${start.slice(0, 13)}`, n)
  }
  expect(counted).toEqual(expected)
  const chunks: Buffer[] = []
  for await (const chunk of await store.runSql('SELECT count(), uniqExact(event_key) FROM events', 'csv'))
    chunks.push(Buffer.from(chunk))
  expect(Buffer.concat(chunks).toString()).toContain(`${distinct.size},${distinct.size}`)
  await store.close()
}

function startWriter(dataDir: string): {
  readonly process: ChildProcess
  readonly ended: Promise<number | null>
  output(): string
} {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'importing-process.ts'), dataDir, String(ROWS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { process: child, ended, output: () => output }
}

/** Kills the engine that the card names, if one runs. */
async function killEngine(dataDir: string): Promise<void> {
  const card = await readEngineCard(dataDir)
  if (card === undefined) return
  try {
    process.kill(card.pid, 'SIGKILL')
  } catch {
    // It had ended already.
  }
}
