/** Starts what telemetry the settings ask for, before anything is made that it is to see. The SDK is loaded only then. */
import type { Settings } from '../../../schemas/settings.ts'
import type { Logger } from '../../runtime/logging.ts'
import type { MetricsPage } from '../../runtime/telemetry/metrics-page.ts'
import { planTelemetry } from './plan-telemetry.ts'

export type Telemetry = {
  /** undefined where `/metrics` is switched off. */
  readonly metrics: MetricsPage | undefined
  /** Sends what is left, within two seconds; never rejects. */
  readonly stop: () => Promise<void>
}

export type TelemetryDeps = {
  /** Name of the service in traces and metrics, for example roamwatch-process; OTEL_SERVICE_NAME wins. */
  readonly service: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
}

/** Throws SETTINGS_INVALID. */
export async function startTelemetry(settings: Settings, deps: TelemetryDeps): Promise<Telemetry> {
  const plan = planTelemetry(settings, deps.env)
  if (plan === undefined) return { metrics: undefined, stop: () => Promise.resolve() }
  const { startSdk } = await import('./sdk.ts')
  return startSdk(plan, deps)
}
