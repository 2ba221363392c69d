/**
 * `npm run chaos -- --faults N --seed S`: breaks everything on purpose and proves that no number is wrong. Says what happens
 * as it goes; the last line is one JSON object. Exit code 1 unless the run is exact. docs/chaos.md
 */
import { parseArgs } from 'node:util'
import { hasEngine } from '../support/clickhouse.ts'
import { whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { type ChaosReport, runChaos } from './run-chaos.ts'

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
process.on('disconnect', () => stopping.abort()) // the launcher of a clone was killed
process.channel?.unref()

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    processors: { type: 'string', default: '2' },
    rate: { type: 'string', default: '250' },
  },
})
const say = (words: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${words}\n`)

async function run(): Promise<ChaosReport> {
  const { signal } = stopping
  return runChaos({
    faults: Number(values.faults),
    seed: Number(values.seed),
    processors: Number(values.processors),
    eventsPerSecond: Number(values.rate),
    signal,
    say,
  })
}

if ((await whyNoBroker()) !== undefined || !hasEngine()) process.exit(1)
try {
  const { summary, problems, kept } = await run()
  for (const problem of problems) say(`wrong: ${problem}`)
  if (kept !== undefined) say(`logs, data and the history of faults are kept in ${kept}`)
  process.stdout.write(`${JSON.stringify(summary)}\n`)
  process.exit(problems.length === 0 ? 0 : 1)
} catch (error) {
  if (!stopping.signal.aborted)
    say(`the run could not go on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.exit(stopping.signal.aborted ? 130 : 1)
}
