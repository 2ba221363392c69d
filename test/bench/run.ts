/**
 * `npm run bench [NAME…]`: every figure this project claims, beside what it is measured against in the same run.
 * Figures are of this machine at this moment; only the ratios travel.
 */
import { cpus, totalmem } from 'node:os'
import type { Bench, BenchResult } from './bench.ts'

const BENCHES: Readonly<Record<string, () => Promise<{ readonly run: Bench }>>> = {
  'evtx-reader': () => import('./evtx-reader.ts'),
  'winlogbeat-to-row': () => import('./winlogbeat-to-row.ts'),
  'event-xml-to-row': () => import('./event-xml-to-row.ts'),
  import: () => import('./import.ts'),
  store: () => import('./store.ts'),
  'kafka-process': () => import('./kafka-process.ts'),
  gateway: () => import('./gateway.ts'),
  'gateway-to-row': () => import('./gateway-to-row.ts'),
  telemetry: () => import('./telemetry.ts'),
  start: () => import('./start.ts'),
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !(name in BENCHES))
if (unknown !== undefined) {
  console.error(`no benchmark ${JSON.stringify(unknown)}; there are: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
const [cpu] = cpus()
console.log(
  `${cpus().length} x ${cpu?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}\n`,
)
let missed = 0
for (const [name, load] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { run } = await load()
  for (const result of await run()) {
    if (!result.met) missed++
    console.log(line(result))
  }
}
process.exitCode = missed === 0 ? 0 : 1

function line({ name, value, unit, against, goal, met }: BenchResult): string {
  const peers = against.map((peer) => `    ${peer.name}: ${shown(peer.value)} ${peer.unit ?? unit}`.trimEnd())
  return [`${met ? 'met   ' : 'MISSED'} ${name}: ${shown(value)} ${unit} (goal: ${goal})`, ...peers].join('\n')
}

function shown(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
