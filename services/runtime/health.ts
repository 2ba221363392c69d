/**
 * What a service says of itself: whether its process should be restarted, whether it does its work and if not why, and
 * its figures. Three different questions: a service that waits for a broker is well, and not ready.
 */

/** One thing that the work depends on. `check` resolves when it is there and rejects with the reason when not. */
export type HealthCheck = { readonly name: string; readonly check: () => Promise<void> }

export type HealthSource = {
  readonly service: string
  readonly version: string
  readonly checks: readonly HealthCheck[]
  /** Why only a restart can help; undefined while that is not so. */
  readonly fault: () => Error | undefined
  /** What /status shows besides: figures in snake_case with their units. */
  readonly figures: () => Readonly<Record<string, unknown>>
  readonly startedAt: Date
}

export type CheckResult = { readonly name: string; readonly ok: boolean; readonly detail: string | null }

export type HealthAnswer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

/** By path: /healthz, /readyz and /status. */
export type Health = Readonly<Record<'/healthz' | '/readyz' | '/status', () => Promise<HealthAnswer>>>

const CHECK_TIMEOUT_MS = 2_000

export function createHealth(source: HealthSource): Health {
  function answerAlive(): Promise<HealthAnswer> {
    const fault = source.fault()
    if (fault === undefined) return Promise.resolve({ status: 200, body: { status: 'alive' } })
    return Promise.resolve({ status: 503, body: { status: 'failed', detail: fault.message } })
  }

  async function answerReady(): Promise<HealthAnswer> {
    const { isReady, detail, checks } = await look(source)
    return isReady
      ? { status: 200, body: { status: 'ready', checks } }
      : { status: 503, body: { status: 'not_ready', detail, checks } }
  }

  async function answerStatus(): Promise<HealthAnswer> {
    const { isReady, detail, checks } = await look(source)
    const { service, version, startedAt } = source
    const about = { service, version, pid: process.pid, started_at: startedAt.toISOString() }
    return { status: 200, body: { ...about, ready: isReady, reason: detail, checks, ...source.figures() } }
  }
  return { '/healthz': answerAlive, '/readyz': answerReady, '/status': answerStatus }
}

/** `detail`: the reasons of all that is missing, in one line; null when ready. */
async function look(source: HealthSource) {
  const checks = await runChecks(source.checks)
  const fault = source.fault()
  const reasons = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail ?? 'not ready'}`)
  if (fault !== undefined) reasons.unshift(fault.message)
  return { isReady: reasons.length === 0, detail: reasons.length === 0 ? null : reasons.join('; '), checks }
}

/** In their order, each within two seconds. Never rejects. */
export function runChecks(checks: readonly HealthCheck[]): Promise<CheckResult[]> {
  return Promise.all(checks.map(run))
}

async function run({ name, check }: HealthCheck): Promise<CheckResult> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS / 1000} seconds`)),
    CHECK_TIMEOUT_MS,
  )
  try {
    await Promise.race([check(), late])
    return { name, ok: true, detail: null }
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}
