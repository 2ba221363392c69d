/**
 * `npm run chaos -- --faults N --seed S`: breaks everything on purpose and proves that no number is wrong. Says what happens
 * as it goes; the last line is one JSON object. Exit code 1 unless the run is exact. docs/chaos.md
 */
import { hasEngine } from '../support/clickhouse.ts'
import { whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { type ChaosArguments, readArguments, USAGE } from './arguments.ts'
import { runCrashTest } from './crash-test.ts'
import { runOverload } from './overload.ts'
import type { RunReport } from './report.ts'
import { runChaos } from './run-chaos.ts'

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
process.on('disconnect', () => stopping.abort()) // the launcher of a clone was killed
process.channel?.unref()

function say(words: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${words}\n`)
}

function run(given: ChaosArguments): Promise<RunReport> {
  const options = { ...given, signal: stopping.signal, say }
  if (given.kind === 'overload') return runOverload(options)
  return given.kind === 'crash-test' ? runCrashTest(options) : runChaos(options)
}

const given = readArguments(process.argv.slice(2))
if (typeof given === 'string') {
  process.stderr.write(`${given}\n${USAGE}`)
  process.exit(2)
}
if ((await whyNoBroker()) !== undefined || !hasEngine()) process.exit(1)
try {
  const { summary, problems } = await run(given)
  for (const problem of problems) say(`wrong: ${problem}`)
  process.stdout.write(`${JSON.stringify(summary)}\n`)
  process.exit(problems.length === 0 ? 0 : 1)
} catch (error) {
  if (stopping.signal.aborted) process.exit(130)
  say(`the run could not go on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.exit(1)
}
