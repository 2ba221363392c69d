/**
 * Instruments of the metrics in METRICS, of the meter that is registered when they are made: factories make them, never
 * modules, because an instrument made before the SDK is registered stays silent. Without an SDK all of it does nothing.
 */
import { type Attributes, type Meter, type MeterProvider, metrics } from '@opentelemetry/api'
import type { MetricSpec } from './metric-spec.ts'
import { METRICS, type MetricAttributes, type MetricName, type MetricOf } from './metrics.ts'

export const METER_NAME = 'roamwatch'

/** Per batch, never per event. */
export function createCounter<Name extends MetricOf<'counter', false>>(
  name: Name,
): (value: number, attributes?: MetricAttributes<Name>) => void {
  const counter = meter().createCounter(name, optionsOf(METRICS[name]))
  return function count(value, attributes) {
    if (value > 0) counter.add(value, present(attributes))
  }
}

/** `value` in the metric's unit. */
export function createHistogram<Name extends MetricOf<'histogram', false>>(
  name: Name,
): (value: number, attributes?: MetricAttributes<Name>) => void {
  const spec: MetricSpec = METRICS[name]
  const advice = spec.buckets === undefined ? {} : { advice: { explicitBucketBoundaries: [...spec.buckets] } }
  const histogram = meter().createHistogram(name, { ...optionsOf(spec), ...advice })
  return function record(value, attributes) {
    histogram.record(value, present(attributes))
  }
}

export type Report<Name extends MetricName> = (value: number, attributes?: MetricAttributes<Name>) => void
type ObservedName = MetricOf<'counter' | 'updown' | 'gauge', true>

/**
 * `read` is called whenever metrics are collected, until the function that this returns is called; what it reports is all there
 * is then. Where it throws, the metric is missing from that collection.
 */
export function observe<Name extends ObservedName>(
  name: Name,
  read: (report: Report<Name>) => void | Promise<void>,
): () => void {
  const instrument = observable(name)
  const callback = (result: { observe(value: number, attributes?: Attributes): void }) =>
    read((value, attributes) => result.observe(value, present(attributes)))
  instrument.addCallback(callback)
  return () => instrument.removeCallback(callback)
}

function observable(name: ObservedName) {
  const spec: MetricSpec = METRICS[name]
  const options = optionsOf(spec)
  if (spec.kind === 'counter') return meter().createObservableCounter(name, options)
  return spec.kind === 'updown'
    ? meter().createObservableUpDownCounter(name, options)
    : meter().createObservableGauge(name, options)
}

/** For instruments of modules without a factory: made at first use, and again when another meter provider was registered. */
export function perProvider<T>(create: () => T): () => T {
  let made: { readonly provider: MeterProvider; readonly instrument: T } | undefined
  return function instrumentOfNow() {
    const provider = metrics.getMeterProvider()
    if (made?.provider !== provider) made = { provider, instrument: create() }
    return made.instrument
  }
}

const meter = (): Meter => metrics.getMeter(METER_NAME)

function optionsOf({ unit, description }: MetricSpec) {
  return { unit, description }
}

/** The SDK would keep an attribute that is undefined as one more series. */
function present(attributes: Readonly<Record<string, string | number | undefined>> | undefined): Attributes {
  const kept: Attributes = {}
  for (const name in attributes) if (attributes[name] !== undefined) kept[name] = attributes[name]
  return kept
}
