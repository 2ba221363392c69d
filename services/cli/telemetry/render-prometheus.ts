/**
 * Metrics in the text format of Prometheus, with the names that OpenTelemetry's rules give (prometheus-name.ts): the SDK's own
 * exporter leaves the units out. Source: Prometheus, exposition formats, text format 0.0.4.
 */
import type { Attributes } from '@opentelemetry/api'
import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import { legalName, prometheusName } from '../../runtime/telemetry/prometheus-name.ts'

const TARGET = 'target_info'

/** Families in the order in which they were made, without those that have no value yet. */
export function renderPrometheus({ resource, scopeMetrics }: ResourceMetrics): string {
  const families = scopeMetrics.flatMap(({ metrics }) => metrics.filter(({ dataPoints }) => dataPoints.length > 0))
  const target = head(TARGET, 'gauge', 'The process that these metrics are of.') + line(TARGET, resource.attributes, 1)
  return target + families.map(renderFamily).join('')
}

function renderFamily(metric: MetricData): string {
  const { description, unit } = metric.descriptor
  const kind = kindOf(metric)
  const name = prometheusName(metric.descriptor.name, { kind, unit })
  switch (metric.dataPointType) {
    case DataPointType.SUM:
    case DataPointType.GAUGE: {
      const values = metric.dataPoints.map(({ attributes, value }) => line(name, attributes, value))
      return head(name, kind === 'counter' ? 'counter' : 'gauge', description) + values.join('')
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

function kindOf(metric: MetricData): 'counter' | 'gauge' | 'updown' | 'histogram' {
  if (metric.dataPointType === DataPointType.SUM) return metric.isMonotonic ? 'counter' : 'updown'
  return metric.dataPointType === DataPointType.GAUGE ? 'gauge' : 'histogram'
}

function head(name: string, type: 'counter' | 'gauge' | 'histogram', description: string): string {
  const help = description.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function line(name: string, attributes: Attributes, value: number): string {
  const labels = new Map<string, string>()
  for (const [key, one] of Object.entries(attributes)) {
    if (one === undefined) continue
    const label = legalName(key)
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
