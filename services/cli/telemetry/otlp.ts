/** Export by OTLP over HTTP; what the plan leaves open (headers, timeout, compression, certificates) the exporters read from OTEL_EXPORTER_OTLP_…. */
import type { Resource } from '@opentelemetry/resources'
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { OtlpPlan, SamplerPlan } from './plan-telemetry.ts'

const EXPORT_TIMEOUT_MS = 10_000

export async function createTracerProvider(
  plan: OtlpPlan,
  { isParentBased, ratio }: SamplerPlan,
  resource: Resource,
): Promise<TracerProvider> {
  const { OTLPTraceExporter } =
    plan.protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto')
  const exporter = new OTLPTraceExporter(optionsOf(plan))
  const root = new TraceIdRatioBasedSampler(ratio)
  const sampler = isParentBased ? new ParentBasedSampler({ root }) : root
  return new TracerProvider({ resource, sampler, spanProcessors: [new BatchSpanProcessor({ exporter })] })
}

export async function createMetricReader(plan: OtlpPlan, intervalMs: number): Promise<PeriodicExportingMetricReader> {
  const { OTLPMetricExporter } =
    plan.protocol === 'http/json'
      ? await import('@opentelemetry/exporter-metrics-otlp-http')
      : await import('@opentelemetry/exporter-metrics-otlp-proto')
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(optionsOf(plan)),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(EXPORT_TIMEOUT_MS, intervalMs),
  })
}

function optionsOf({ url }: OtlpPlan): { url?: string } {
  return url === undefined ? {} : { url }
}
