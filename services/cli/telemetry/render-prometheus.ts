/**
 * Metrics in the text format of Prometheus, named as OpenTelemetry's rules for Prometheus say: units in words at the end of the
 * name (`_seconds`, `_bytes`, `_ratio`), counters end in `_total`. The SDK's own exporter leaves the units out.
 * Sources: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/, Prometheus' exposition formats.
 */
import type { Attributes } from '@opentelemetry/api'
import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics'

const UNITS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' }
const TARGET = 'target_info'

/** Families in the order in which they were made, without those that have no value yet. */
export function renderPrometheus({ resource, scopeMetrics }: ResourceMetrics): string {
  const families = scopeMetrics.flatMap(({ metrics }) => metrics.filter(({ dataPoints }) => dataPoints.length > 0))
  const target = head(TARGET, 'gauge', 'The process that these metrics are of.') + line(TARGET, resource.attributes, 1)
  return target + families.map(renderFamily).join('')
}

function renderFamily(metric: MetricData): string {
  const name = prometheusName(metric)
  const { description } = metric.descriptor
  switch (metric.dataPointType) {
    case DataPointType.SUM:
    case DataPointType.GAUGE: {
      const isCounter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic
      const values = metric.dataPoints.map(({ attributes, value }) => line(name, attributes, value))
      return head(name, isCounter ? 'counter' : 'gauge', description) + values.join('')
    }
    case DataPointType.HISTOGRAM: {
      const values = metric.dataPoints.map(({ attributes, value }) => renderHistogram(name, attributes, value))
      return head(name, 'histogram', description) + values.join('')
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return '' // the text format has none, and no view asks for it
  }
}

type Histogram = {
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: readonly number[] }
  readonly count: number
  readonly sum?: number
}

/** Buckets count what is at most their bound, so each holds those before it. */
function renderHistogram(name: string, attributes: Attributes, { buckets, count, sum = 0 }: Histogram): string {
  let below = 0
  const lines = buckets.boundaries.map((bound, index) => {
    below += buckets.counts[index] ?? 0
    return line(`${name}_bucket`, { ...attributes, le: String(bound) }, below)
  })
  lines.push(line(`${name}_bucket`, { ...attributes, le: '+Inf' }, count))
  return [...lines, line(`${name}_sum`, attributes, sum), line(`${name}_count`, attributes, count)].join('')
}

/** As the metric is called in Prometheus, a histogram without `_bucket`, `_sum` and `_count`. */
export function prometheusName(
  metric: Pick<MetricData, 'descriptor' | 'dataPointType'> & { isMonotonic?: boolean },
): string {
  const { name, unit } = metric.descriptor
  const isCounter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic === true
  const word = UNITS[unit] ?? (unit === '1' && metric.dataPointType === DataPointType.GAUGE ? 'ratio' : undefined)
  const base = withoutSuffix(legal(name), '_total')
  const named = word === undefined || base.endsWith(`_${word}`) ? base : `${base}_${word}`
  return isCounter ? `${named}_total` : named
}

function withoutSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

/** Letters, digits and underscores, not beginning with a digit. */
function legal(name: string): string {
  const replaced = name.replaceAll(/[^A-Za-z0-9_]/g, '_').replaceAll(/_{2,}/g, '_')
  return /^[0-9]/.test(replaced) ? `_${replaced}` : replaced
}

function head(name: string, type: 'counter' | 'gauge' | 'histogram', description: string): string {
  const help = description.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function line(name: string, attributes: Attributes, value: number): string {
  const labels = new Map<string, string>()
  for (const [key, one] of Object.entries(attributes)) {
    if (one === undefined) continue
    const label = legal(key)
    const text = typeof one === 'string' ? one : JSON.stringify(one)
    const before = labels.get(label)
    labels.set(label, before === undefined ? text : `${before};${text}`) // two keys may become one label
  }
  const pairs = [...labels].map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
