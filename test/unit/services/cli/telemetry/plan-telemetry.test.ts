import { describe, expect, test } from 'vitest'
import { planTelemetry } from '../../../../../services/cli/telemetry/plan-telemetry.ts'
import { AppError } from '../../../../../services/runtime/errors.ts'
import { readSettings } from '../../../../../services/runtime/settings.ts'

function plan(env: Record<string, string> = {}) {
  return planTelemetry(readSettings({ env }), env)
}
const PROTOBUF = { protocol: 'http/protobuf' }
const OFF = { ROAMWATCH_TELEMETRY_PROMETHEUS: 'off' }

describe('what telemetry is asked for', () => {
  test('the page for Prometheus alone, unless something else is set', () => {
    expect(plan()).toEqual({
      hasMetricsPage: true,
      traces: undefined,
      metrics: undefined,
      sampler: { isParentBased: true, ratio: 1 },
      exportIntervalMs: 60_000,
    })
  })

  test('nothing: the SDK is not even loaded', () => {
    expect(plan(OFF)).toBeUndefined()
    expect(plan({ OTEL_SDK_DISABLED: 'TRUE', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' })).toBeUndefined()
    const none = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }
    expect(plan({ ...OFF, ...none, ROAMWATCH_TELEMETRY_OTLP_ENDPOINT: 'http://otel:4318' })).toBeUndefined()
  })

  test('OTLP of both where an endpoint is set; ours wins over OpenTelemetry’s variable', () => {
    const ours = plan({
      ROAMWATCH_TELEMETRY_OTLP_ENDPOINT: 'http://otel:4318/',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x',
    })
    expect(ours?.traces).toEqual({ ...PROTOBUF, url: 'http://otel:4318/v1/traces' })
    expect(ours?.metrics).toEqual({ ...PROTOBUF, url: 'http://otel:4318/v1/metrics' })
    expect(plan({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' })?.traces).toEqual({ ...PROTOBUF, url: undefined })
  })

  test('OTLP of one signal where only its variable is set', () => {
    const traces = plan({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://otel:4318/v1/traces' })
    expect([traces?.traces, traces?.metrics]).toEqual([{ ...PROTOBUF, url: undefined }, undefined])
    const metrics = plan({ OTEL_METRICS_EXPORTER: 'otlp,prometheus', OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json' })
    expect([metrics?.traces, metrics?.metrics]).toEqual([undefined, { protocol: 'http/json', url: undefined }])
  })

  test.each([
    ['always_on', undefined, { isParentBased: false, ratio: 1 }],
    ['parentbased_always_off', undefined, { isParentBased: true, ratio: 0 }],
    ['traceidratio', '0.25', { isParentBased: false, ratio: 0.25 }],
    ['parentbased_traceidratio', undefined, { isParentBased: true, ratio: 1 }],
  ])('OTEL_TRACES_SAMPLER %s with %s', (name, argument, sampler) => {
    const env = { OTEL_TRACES_SAMPLER: name, ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }) }
    expect(plan(env)?.sampler).toEqual(sampler)
  })

  test('an empty variable is one that is not set', () => {
    const empty = { OTEL_TRACES_EXPORTER: ' ', OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_PROTOCOL: '' }
    expect(plan({ ...empty, OTEL_TRACES_SAMPLER: '', OTEL_METRIC_EXPORT_INTERVAL: '', OTEL_SDK_DISABLED: '' })).toEqual(
      plan(),
    )
  })

  test.each([
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER must be one of otlp, prometheus, none, not "zipkin"'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      'OTEL_EXPORTER_OTLP_PROTOCOL must be one of http/protobuf, http/json, not "grpc"',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'jaeger_remote' },
      /^OTEL_TRACES_SAMPLER must be one of always_on, .* not "jaeger_remote"$/,
    ],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
      'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not "2"',
    ],
    [
      { OTEL_METRIC_EXPORT_INTERVAL: '1.5' },
      'OTEL_METRIC_EXPORT_INTERVAL must be a whole number of milliseconds from 100 to 86400000, not "1.5"',
    ],
    [{ ROAMWATCH_TELEMETRY_PROMETHEUS: 'maybe' }, /ROAMWATCH_TELEMETRY_PROMETHEUS .* must be one of on, off/],
    [{ ROAMWATCH_TELEMETRY_OTLP_ENDPOINT: 'otel:4317' }, /ROAMWATCH_TELEMETRY_OTLP_ENDPOINT .* must match/],
  ] as const)('%j is refused, and says why', (env: Record<string, string>, words) => {
    const refused = () => plan(env)
    expect(refused).toThrow(AppError)
    expect(refused).toThrow(words)
  })
})
