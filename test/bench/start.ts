/** How long a user waits: `npm start` until ready, `roamwatch classify` of one file. Beside starting Node on an empty file. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { findFreePort } from '../../services/store/clickhouse/engine/start-engine.ts'
import { type BenchResult, median } from './bench.ts'

const root = join(import.meta.dirname, '..', '..')
const RUNS = 5

export async function run(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'roamwatch-bench-'))
  try {
    const nothing = join(folder, 'nothing.mjs')
    writeFileSync(nothing, '')
    const launcher = join(root, 'roamwatch')
    const bare = await timeOf(() => spawnSync(process.execPath, [nothing]))
    const classify = await timeOf(() => spawnSync(launcher, ['classify', join(root, 'docs', 'example', 'pc7.xml')]))
    const ready = await timeOf((run) => untilReady(launcher, join(folder, String(run))))
    const beside = [{ name: 'node, an empty file', value: bare }]
    return [
      {
        name: 'roamwatch classify of one file',
        value: classify,
        unit: 's',
        against: beside,
        goal: '< 0.5 s',
        met: classify < 0.5,
      },
      {
        name: 'npm start, installed, until /readyz',
        value: ready,
        unit: 's',
        against: beside,
        goal: '< 3 s',
        met: ready < 3,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Median seconds after one run that warms the disk. */
async function timeOf(work: (run: number) => unknown): Promise<number> {
  const seconds: number[] = []
  for (let run = 0; run <= RUNS; run++) {
    const startedAt = performance.now()
    await work(run)
    if (run > 0) seconds.push((performance.now() - startedAt) / 1000)
  }
  return median(seconds)
}

async function untilReady(launcher: string, data: string): Promise<void> {
  const port = await findFreePort()
  const server = spawn(launcher, ['up', '--sample', '--data', data, '--port', String(port)], { stdio: 'ignore' })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  try {
    while (!(await isReady(`http://127.0.0.1:${port}/readyz`))) {
      if (server.exitCode !== null) throw new Error('npm start ended by itself')
      await setTimeout(10)
    }
  } finally {
    void ended.then(() => undefined)
    server.kill('SIGTERM')
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
