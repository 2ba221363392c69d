/** A whole chaos run: traffic goes on while faults are inflicted; round by round all of it calms down and is compared. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosHistory } from './history.ts'
import { createInflict, type FaultReport, type Inflict } from './inflict-faults.ts'
import type { Judgement } from './oracle.ts'
import { type Fault, planFaults, roundsOf } from './plan-faults.ts'
import { untilQuiet, untilReady } from './quiet.ts'
import { answersOf, compare, onRig, type RunOptions, type RunReport, summaryOf, wordsOf } from './report.ts'
import type { Rig } from './rig.ts'
import { startTraffic, type Traffic } from './traffic.ts'

export type ChaosOptions = RunOptions & {
  readonly faults: number
  readonly processors: number
  /** Different events; most go through two shippers. */
  readonly eventsPerSecond: number
}

/** How long it may take until everything works again. */
const CALM_MS = 150_000
const START_MS = 90_000

type Run = {
  readonly rig: Rig
  readonly history: ChaosHistory
  readonly options: ChaosOptions
  readonly traffic: Traffic
  readonly inflict: Inflict
  readonly endMs: number
}

/** Ends at the first quiet moment at which something is wrong. */
export function runChaos(options: ChaosOptions): Promise<RunReport> {
  const { seed, eventsPerSecond, processors, signal } = options
  return onRig({ processors }, options, async (rig, history) => {
    const services = servicesOf(rig)
    for (const service of services) service.start()
    await untilReady({ services, signal, deadlineMs: START_MS })
    const endMs = Date.now()
    const traffic = startTraffic(rig, { seed, eventsPerSecond, endMs })
    try {
      return await runRounds({ rig, history, options, traffic, inflict: createInflict(rig), endMs })
    } finally {
      await traffic.stop()
    }
  })
}

function servicesOf({ processors, serve, tap, gateway }: Rig) {
  return [...processors, serve, tap, gateway]
}

async function runRounds(run: Run): Promise<RunReport> {
  const { rig, options, traffic } = run
  const rounds = roundsOf(planFaults(options.seed, options.faults))
  let faults = 0
  for (const [index, round] of rounds.entries()) {
    faults += round.length
    const { judgement, problems } = await runRound(run, round, faults)
    if (problems.length === 0 && index < rounds.length - 1) continue
    const inserts = JSON.stringify(rig.storeProxy.inserts)
    options.say(`inserts ${inserts}, the gateway's answers ${answersOf(traffic.answers)}`)
    return { summary: summaryOf({ faults, seed: options.seed }, traffic.expectations, judgement), problems }
  }
  throw new Error('a run needs at least one fault')
}

async function runRound(
  run: Run,
  round: readonly Fault[],
  faults: number,
): Promise<{ readonly judgement: Judgement; readonly problems: readonly string[] }> {
  const { rig, history, options, traffic, endMs } = run
  const services = servicesOf(rig)
  const beganAt = performance.now()
  traffic.setPaused(false)
  await inflictRound(run, round)
  const calmingAt = performance.now()
  traffic.setPaused(true)
  await withinDeadline(traffic.idle(), CALM_MS, () => `the shippers wait for ${traffic.backlog} records`)
  await untilQuiet(rig, { services, signal: options.signal, deadlineMs: CALM_MS })
  const compared = await compare(rig, traffic, services, endMs)
  const times = `${secondsOf(calmingAt - beganAt)} of faults, calm after ${secondsOf(performance.now() - calmingAt)}`
  options.say(`${faults} faults: ${wordsOf(compared.judgement)} (${times})`)
  history.note({ faults, ...compared })
  return compared
}

async function inflictRound(run: Run, round: readonly Fault[]): Promise<void> {
  const underWay: Promise<void>[] = []
  for (const fault of round) {
    await delay(fault.afterMs, undefined, { signal: run.options.signal })
    const ending = run.inflict(fault).then((report) => noteFault(run, report))
    ending.catch(() => undefined) // heard of below
    underWay.push(ending)
  }
  await Promise.all(underWay)
}

function noteFault({ history, options }: Run, { fault, victim, beganAt, ms }: FaultReport): void {
  options.say(`${String(fault.number).padStart(4)} ${fault.kind.padEnd(17)} ${victim} (${secondsOf(ms)})`)
  history.note({ began_at: beganAt.toISOString(), ...fault, ms, victim })
}

const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

async function withinDeadline(work: Promise<void>, ms: number, why: () => string): Promise<void> {
  const isLate = await Promise.race([work.then(() => false), delay(ms, true, { ref: false })])
  if (isLate) throw new Error(`not well after ${ms} ms: ${why()}`)
}
