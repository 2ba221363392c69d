/** What the work depends on, as a metric beside `/readyz`. */
import { type HealthCheck, runChecks } from '../health.ts'
import { observe } from './instruments.ts'

/** The checks are run at each collection. Ends with the function that it returns. */
export function observeChecks(checks: readonly HealthCheck[]): () => void {
  return observe('roamwatch.check.ok', async (report) => {
    for (const { name, ok } of await runChecks(checks)) report(ok ? 1 : 0, { 'roamwatch.check': name })
  })
}
