/**
 * What telemetry costs a processor: Kafka messages to encoded rows, in hand-overs of 2,000, beside the same chain without any
 * instrument in it, in the same process. In processes of their own, since an SDK that is registered once stays. CPU time; the
 * receiver of OTLP is another process.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type BenchResult, median } from './bench.ts'

const ROUNDS = 3
const CHILD = join(import.meta.dirname, 'telemetry-process.ts')
const MODES = ['no-op', 'sdk'] as const
const GOAL = 1.05

type Measured = { readonly plain: number; readonly instrumented: number }

export async function run(): Promise<BenchResult[]> {
  const receiver = spawn(process.execPath, [CHILD, 'receiver'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [url] = (await once(receiver.stdout, 'data')) as [Buffer]
    const measured = { 'no-op': [] as Measured[], sdk: [] as Measured[] }
    for (let round = 0; round < ROUNDS; round++) {
      for (const mode of MODES) measured[mode].push(measure(mode, url.toString().trim()))
    }
    return MODES.map((mode) => resultOf(mode, measured[mode]))
  } finally {
    receiver.kill()
  }
}

function measure(mode: string, url: string): Measured {
  const { stdout, stderr, status } = spawnSync(process.execPath, [CHILD, mode, url], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${mode}: ${stderr}`)
  return JSON.parse(stdout) as Measured
}

function resultOf(mode: (typeof MODES)[number], runs: readonly Measured[]): BenchResult {
  const ratio = median(runs.map(({ plain, instrumented }) => instrumented / plain))
  const names = { 'no-op': 'the API alone (telemetry off)', sdk: 'metrics and traces by OTLP, and /metrics' }
  return {
    name: `telemetry's cost, Kafka message to row: ${names[mode]}`,
    value: ratio,
    unit: 'times the CPU without instruments',
    against: [
      { name: 'without instruments', value: median(runs.map(({ plain }) => plain)), unit: 'µs an event' },
      { name: 'with them', value: median(runs.map(({ instrumented }) => instrumented)), unit: 'µs an event' },
    ],
    goal: `<= ${GOAL}`,
    met: ratio <= GOAL,
  }
}
