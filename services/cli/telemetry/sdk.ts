/** The OpenTelemetry SDK, set up as planned. The only file that knows it; loaded by start-telemetry.ts alone. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { context, diag, DiagLogLevel, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics'
import packageFile from '../../../package.json' with { type: 'json' }
import type { Logger } from '../../runtime/logging.ts'
import { createReminder } from '../../runtime/reminder.ts'
import { observeProcess } from '../../runtime/telemetry/observe-process.ts'
import type { TelemetryPlan } from './plan-telemetry.ts'
import { PageReader } from './prometheus-reader.ts'
import type { Telemetry, TelemetryDeps } from './telemetry.ts'

const STOP_MS = 2_000

export async function startSdk(plan: TelemetryPlan, deps: TelemetryDeps): Promise<Telemetry> {
  reportFaults(deps.log)
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': deps.service,
        'service.namespace': 'roamwatch',
        'service.version': packageFile.version,
        'service.instance.id': randomUUID(),
        'host.name': hostname(),
      }),
    )
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }))
  const page = plan.hasMetricsPage ? new PageReader() : undefined
  const readers: IMetricReader[] = page === undefined ? [] : [page]
  const stops: (() => Promise<unknown>)[] = []
  if (plan.metrics !== undefined || plan.traces !== undefined) {
    const otlp = await import('./otlp.ts')
    if (plan.metrics !== undefined) readers.push(await otlp.createMetricReader(plan.metrics, plan.exportIntervalMs))
    if (plan.traces !== undefined) {
      const provider = await otlp.createTracerProvider(plan.traces, plan.sampler, resource)
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
      propagation.setGlobalPropagator(new W3CTraceContextPropagator())
      trace.setGlobalTracerProvider(provider)
      stops.push(() => provider.shutdown())
    }
  }
  if (readers.length > 0) {
    const provider = new MeterProvider({ resource, readers })
    metrics.setGlobalMeterProvider(provider)
    const unobserve = observeProcess()
    stops.push(() => provider.shutdown().finally(unobserve))
  }
  return { metrics: page && (() => page.read()), stop: () => stopAll(stops) }
}

async function stopAll(stops: readonly (() => Promise<unknown>)[]): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), STOP_MS)
  await Promise.race([Promise.allSettled(stops.map((stop) => stop())), late])
  clearTimeout(timer)
}

/** A collector that is away costs traces, never the service: one line a minute. */
function reportFaults(log: Logger): void {
  const reminder = createReminder()
  const say = (error: unknown): void => {
    if (!reminder.isDue()) return
    const words = error instanceof Error ? error.message : String(error)
    log.warn(
      { reason: words.slice(0, 500) },
      'telemetry could not be recorded or sent; the events are not touched by it',
    )
  }
  const silent = (): void => undefined
  diag.setLogger(
    { error: say, warn: say, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  setGlobalErrorHandler(say)
}
