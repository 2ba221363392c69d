/**
 * Every metric of Roamwatch: this list makes the instruments, types their attributes and is printed in docs/metrics.md. Names follow
 * OpenTelemetry's semantic conventions where there is one (1.45: messaging, database and HTTP, process, Node.js); the others
 * begin with `roamwatch.`. Attributes have few values: never a computer, a user, an event, an address or a text.
 */
import type { MetricSpec } from './metric-spec.ts'
import { PIPELINE_METRICS } from './pipeline-metrics.ts'
import { RUNTIME_METRICS } from './runtime-metrics.ts'

export const METRICS = { ...PIPELINE_METRICS, ...RUNTIME_METRICS } as const satisfies Readonly<
  Record<string, MetricSpec>
>
export type MetricName = keyof typeof METRICS
/** Names of the metrics of a kind. */
export type MetricOf<Kind extends MetricSpec['kind'], Observed extends boolean> = {
  [Name in MetricName]: (typeof METRICS)[Name] extends { readonly kind: Kind; readonly isObserved: Observed }
    ? Name
    : never
}[MetricName]
/** Values of a metric's attributes; those that do not apply are left out. */
export type MetricAttributes<Name extends MetricName> = {
  readonly [Attribute in (typeof METRICS)[Name]['attributes'][number]]?: string | number | undefined
}
