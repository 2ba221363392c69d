/** Starts what telemetry the settings ask for, before anything is made that it is to see. The SDK is loaded only then. */
import type { Settings } from '../../../schemas/settings.ts'
import { planTelemetry } from './plan-telemetry.ts'
import type { Telemetry, TelemetryDeps } from './telemetry.ts'

/** Throws SETTINGS_INVALID. */
export async function startTelemetry(settings: Settings, deps: TelemetryDeps): Promise<Telemetry> {
  const plan = planTelemetry(settings, deps.env)
  if (plan === undefined) return { metrics: undefined, stop: () => Promise.resolve() }
  const { startSdk } = await import('./sdk.ts')
  return startSdk(plan, deps)
}
