/**
 * Names of metrics in Prometheus, by OpenTelemetry's rules: units in words at the end (`_seconds`, `_bytes`, `_ratio`), counters
 * end in `_total`. Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
import type { MetricSpec } from './metric-spec.ts'

const UNITS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' }

/** Of a histogram: the name without `_bucket`, `_sum` and `_count`. */
export function prometheusName(name: string, { kind, unit }: Pick<MetricSpec, 'kind' | 'unit'>): string {
  const word = UNITS[unit] ?? (unit === '1' && kind === 'gauge' ? 'ratio' : undefined)
  const base = legalName(name).replace(/_total$/, '')
  const named = word === undefined || base.endsWith(`_${word}`) ? base : `${base}_${word}`
  return kind === 'counter' ? `${named}_total` : named
}

/** Letters, digits and underscores, not beginning with a digit. */
export function legalName(name: string): string {
  const replaced = name.replaceAll(/[^A-Za-z0-9_]/g, '_').replaceAll(/_{2,}/g, '_')
  return /^[0-9]/.test(replaced) ? `_${replaced}` : replaced
}
