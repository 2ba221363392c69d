/** What the work depends on, as a metric beside `/readyz`. */
import { type CheckResult, type HealthCheck, runChecks } from '../health.ts'
import { observe } from './instruments.ts'

/** Below the interval at which anybody scrapes. */
const KEEP_MS = 5_000

/**
 * The checks are run at a collection, at most once in 5 seconds, and once for collections at the same time: `/metrics` asks for no
 * password, and whoever calls it again and again is not to reach ClickHouse and Kafka with that. `/readyz` is always of now.
 * `now`: milliseconds of a clock that never goes back. Ends with the function that it returns.
 */
export function observeChecks(checks: readonly HealthCheck[], now = () => performance.now()): () => void {
  let last: { readonly startedAt: number; readonly results: Promise<readonly CheckResult[]> } | undefined

  function resultsOfLately(): Promise<readonly CheckResult[]> {
    if (last === undefined || now() - last.startedAt >= KEEP_MS) last = { startedAt: now(), results: runChecks(checks) }
    return last.results
  }

  return observe('roamwatch.check.ok', async (report) => {
    for (const { name, ok } of await resultsOfLately()) report(ok ? 1 : 0, { 'roamwatch.check': name })
  })
}
