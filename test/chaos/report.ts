/** What a run ends with, and how runs are set up, compared and cleaned up alike. */
import { type ChaosHistory, createHistory } from './history.ts'
import type { Expectations } from './expectations.ts'
import type { ManagedService } from './managed-service.ts'
import { observe } from './observe.ts'
import { isExact, judge, type Judgement } from './oracle.ts'
import { unbalanced } from './quiet.ts'
import { type Rig, type RigOptions, startRig } from './rig.ts'
import type { GatewayAnswers } from './shippers.ts'

/** The last line of a run. */
export type Summary = {
  readonly faults: number
  readonly seed: number
  /** Records that were acknowledged, repeats, broken and dropped ones included. */
  readonly sent: number
  /** Different events among them. */
  readonly distinct: number
  readonly stored: number
  readonly lost: number
  readonly doubled: number
  readonly dead_lettered: number
  readonly trend_mismatches: number
}

export type RunReport = {
  readonly summary: Summary
  /** Everything that is wrong, in words; empty: the run is exact. */
  readonly problems: readonly string[]
}

/** What every kind of run is given. */
export type RunOptions = {
  readonly seed: number
  readonly signal: AbortSignal
  /** One line a time, for people. */
  readonly say: (words: string) => void
}

export type Sent = { readonly expectations: Expectations; readonly answers: GatewayAnswers }

/** Runs `work` on a rig of its own; where that fails or finds something, logs, data and history stay and are named. */
export async function onRig(
  rigOptions: RigOptions,
  { say, signal }: RunOptions,
  work: (rig: Rig, history: ChaosHistory) => Promise<RunReport>,
): Promise<RunReport> {
  const rig = await startRig(rigOptions)
  let isKept = false
  try {
    const report = await work(rig, createHistory(rig.directory))
    isKept = report.problems.length > 0
    return report
  } catch (error) {
    isKept = !signal.aborted
    throw error
  } finally {
    if (isKept) say(`logs, data and the history of faults are kept in ${rig.directory}`)
    await rig.close({ keep: isKept })
  }
}

/** Compares what is stored with what was acknowledged; to be called when all is quiet. `endMs`: the newest event's time. */
export async function compare(
  rig: Rig,
  { expectations, answers }: Sent,
  services: readonly ManagedService[],
  endMs: number,
): Promise<{ readonly judgement: Judgement; readonly problems: readonly string[] }> {
  const { target } = rig.engine
  if (target === undefined) throw new Error('there is no engine to ask')
  const judgement = judge(expectations.expected(), await observe(target, rig.apiUrl, endMs))
  const problems = [
    ...judgement.examples,
    ...(isExact(judgement) || judgement.examples.length > 0 ? [] : ['the counts differ']),
    ...rig.services().flatMap(({ failures }) => failures),
    ...answers.wrong,
    ...(answers.withoutRetryAfter > 0 ? [`${answers.withoutRetryAfter} refusals without Retry-After`] : []),
    ...(await unbalanced(services)),
  ]
  return { judgement, problems }
}

export function summaryOf(
  { faults, seed }: { readonly faults: number; readonly seed: number },
  expectations: Expectations,
  judgement: Judgement,
): Summary {
  const { sent, events } = expectations.expected()
  const { stored, lost, doubled, dead_lettered, trend_mismatches } = judgement
  return { faults, seed, sent, distinct: events.size, stored, lost, doubled, dead_lettered, trend_mismatches }
}

/** One line for people. */
export function wordsOf({ stored, lost, doubled, dead_lettered, trend_mismatches }: Judgement): string {
  return `${stored} stored, ${lost} lost, ${doubled} doubled, ${dead_lettered} dead letters, ${trend_mismatches} trend mismatches`
}

export function answersOf({ statuses }: GatewayAnswers): string {
  return JSON.stringify(Object.fromEntries([...statuses].sort(([one], [other]) => (one < other ? -1 : 1))))
}
