/** What whoever starts a service gets of telemetry, and what it is started with. */
import type { Logger } from '../../runtime/logging.ts'
import type { MetricsPage } from '../../runtime/telemetry/metrics-page.ts'

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
