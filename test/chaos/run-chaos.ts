/** A whole chaos run: traffic goes on while faults are inflicted; round by round all of it calms down and is compared. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createInflict, type FaultReport, type Inflict } from './inflict-faults.ts'
import { observe } from './observe.ts'
import { judge, type Judgement } from './oracle.ts'
import { type Fault, planFaults, roundsOf } from './plan-faults.ts'
import { unbalanced, untilQuiet, untilReady } from './quiet.ts'
import { type Rig, startRig } from './rig.ts'
import { startTraffic, type Traffic } from './traffic.ts'

export type ChaosOptions = {
  readonly faults: number
  readonly seed: number
  readonly processors: number
  readonly eventsPerSecond: number
  readonly signal: AbortSignal
  readonly say: (words: string) => void
  /** How long it may take until everything works again. */
  readonly calmMs?: number
}

/** The last line of a run. */
export type Summary = {
  readonly faults: number
  readonly seed: number
  readonly sent: number
  readonly distinct: number
  readonly stored: number
  readonly lost: number
  readonly doubled: number
  readonly dead_lettered: number
  readonly trend_mismatches: number
}

export type ChaosReport = {
  readonly summary: Summary
  /** Everything that is wrong, in words; empty: the run is exact. */
  readonly problems: readonly string[]
  /** Logs, data and history, where something is wrong. */
  readonly kept: string | undefined
}

const CALM_MS = 150_000
const START_MS = 90_000

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const rig = await startRig({ processors: options.processors })
  let isKept = true
  try {
    const report = await runOn(rig, options)
    isKept = report.problems.length > 0
    return { ...report, kept: isKept ? rig.directory : undefined }
  } catch (error) {
    isKept = !options.signal.aborted
    if (isKept) options.say(`logs and data are kept in ${rig.directory}`)
    throw error
  } finally {
    await rig.close({ keep: isKept })
  }
}

async function runOn(rig: Rig, options: ChaosOptions): Promise<Omit<ChaosReport, 'kept'>> {
  const { seed, signal, say, calmMs = CALM_MS } = options
  const services = [...rig.processors, rig.serve, rig.tap, rig.gateway]
  for (const service of services) service.start()
  await untilReady({ services, signal, deadlineMs: START_MS })
  const endMs = Date.now()
  const traffic = startTraffic(rig, { seed, eventsPerSecond: options.eventsPerSecond, endMs })
  const run = { rig, options, traffic, inflict: createInflict(rig) }
  let judgement: Judgement | undefined
  let problems: readonly string[] = []
  let done = 0
  try {
    for (const round of roundsOf(planFaults(seed, options.faults))) {
      const beganAt = performance.now()
      traffic.setPaused(false)
      await inflictRound(run, round)
      done += round.length
      const calmAt = performance.now()
      traffic.setPaused(true)
      await withinDeadline(traffic.idle(), calmMs, () => `the shippers wait for ${traffic.backlog} records`)
      await untilQuiet(rig, { services, signal, deadlineMs: calmMs })
      judgement = judge(traffic.expectations.expected(), await observe(rig.engine.target!, rig.apiUrl, endMs))
      problems = [...judgement.examples, ...(await otherProblems(run, services))]
      const seconds = (ms: number) => (ms / 1000).toFixed(1)
      const words = `${done} faults: ${judgement.stored} stored, ${judgement.lost} lost, ${judgement.doubled} doubled, ${judgement.dead_lettered} dead letters, ${judgement.trend_mismatches} trend mismatches (${seconds(calmAt - beganAt)} s of faults, calm after ${seconds(performance.now() - calmAt)} s)`
      say(words)
      history(rig, { at: new Date().toISOString(), judgement, problems })
      if (problems.length > 0) break
    }
  } finally {
    await traffic.stop()
  }
  say(`inserts ${JSON.stringify(rig.storeProxy.inserts)}, the gateway's answers ${answersOf(traffic)}`)
  return { summary: summaryOf(done, seed, traffic, judgement), problems }
}

type Run = {
  readonly rig: Rig
  readonly options: ChaosOptions
  readonly traffic: Traffic
  readonly inflict: Inflict
}

async function inflictRound({ rig, options, inflict }: Run, round: readonly Fault[]): Promise<void> {
  const underWay: Promise<void>[] = []
  for (const fault of round) {
    await delay(fault.afterMs, undefined, { signal: options.signal })
    const ending = inflict(fault).then((report) => noteFault(rig, options, report))
    ending.catch(() => undefined) // heard of below
    underWay.push(ending)
  }
  await Promise.all(underWay)
}

function noteFault(rig: Rig, { say }: ChaosOptions, { fault, victim, beganAt, ms }: FaultReport): void {
  say(`${String(fault.number).padStart(4)} ${fault.kind.padEnd(17)} ${victim} (${(ms / 1000).toFixed(1)} s)`)
  history(rig, { at: beganAt.toISOString(), ...fault, ms, victim })
}

function history({ directory }: Rig, entry: object): void {
  appendFileSync(join(directory, 'history.ndjson'), `${JSON.stringify(entry)}\n`)
}

/** What the rows do not show: services that ended by themselves, acknowledgements and figures that do not add up. */
async function otherProblems({ rig, traffic }: Run, services: Parameters<typeof unbalanced>[0]): Promise<string[]> {
  const { wrong, withoutRetryAfter } = traffic.answers
  return [
    ...rig.services().flatMap(({ failures }) => failures),
    ...wrong,
    ...(withoutRetryAfter > 0 ? [`${withoutRetryAfter} refusals of the gateway without Retry-After`] : []),
    ...(await unbalanced(services)),
  ]
}

function answersOf({ answers }: Traffic): string {
  return JSON.stringify(Object.fromEntries([...answers.statuses].sort(([a], [b]) => (a < b ? -1 : 1))))
}

export function summaryOf(
  faults: number,
  seed: number,
  { expectations }: Pick<Traffic, 'expectations'>,
  judgement: Judgement | undefined,
): Summary {
  const { sent, events } = expectations.expected()
  const { stored = 0, lost = 0, doubled = 0, dead_lettered = 0, trend_mismatches = 0 } = judgement ?? {}
  return { faults, seed, sent, distinct: events.size, stored, lost, doubled, dead_lettered, trend_mismatches }
}

async function withinDeadline(work: Promise<void>, ms: number, why: () => string): Promise<void> {
  const isLate = await Promise.race([work.then(() => false), delay(ms, true, { ref: false })])
  if (isLate) throw new Error(`not well after ${ms} ms: ${why()}`)
}
