/** What telemetry the settings and the standard OTEL_ variables ask for. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
import type { Settings } from '../../../schemas/settings.ts'
import { AppError } from '../../runtime/errors.ts'

export type Signal = 'traces' | 'metrics'
export type Protocol = 'http/protobuf' | 'http/json'

/** How a signal is exported. `url` undefined: as the exporter finds in OTEL_EXPORTER_OTLP_…, http://localhost:4318 unless given. */
export type OtlpPlan = { readonly url: string | undefined; readonly protocol: Protocol }

export type SamplerPlan = { readonly isParentBased: boolean; readonly ratio: number }

export type TelemetryPlan = {
  readonly hasMetricsPage: boolean
  readonly traces: OtlpPlan | undefined
  readonly metrics: OtlpPlan | undefined
  readonly sampler: SamplerPlan
  /** Between two exports of metrics. */
  readonly exportIntervalMs: number
}

type Env = Readonly<Record<string, string | undefined>>

const PROTOCOLS: readonly Protocol[] = ['http/protobuf', 'http/json']
const EXPORTERS = ['otlp', 'prometheus', 'none']
const SAMPLERS = ['always_on', 'always_off', 'traceidratio']
const EXPORT_INTERVAL_MS = 60_000

/** undefined: nothing is wanted. Throws SETTINGS_INVALID where a variable asks for what there is not. */
export function planTelemetry(
  settings: Pick<Settings, 'telemetry_prometheus' | 'telemetry_otlp_endpoint'>,
  env: Env,
): TelemetryPlan | undefined {
  if (valueOf(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined
  const hasMetricsPage = settings.telemetry_prometheus === 'on'
  const traces = otlpOf('traces', settings.telemetry_otlp_endpoint, env)
  const metrics = otlpOf('metrics', settings.telemetry_otlp_endpoint, env)
  if (!hasMetricsPage && traces === undefined && metrics === undefined) return undefined
  return { hasMetricsPage, traces, metrics, sampler: samplerOf(env), exportIntervalMs: intervalOf(env) }
}

function otlpOf(signal: Signal, endpoint: string | null, env: Env): OtlpPlan | undefined {
  const name = signal.toUpperCase()
  const variable = `OTEL_${name}_EXPORTER`
  const exporters = valueOf(env, variable)
    ?.split(',')
    .map((text) => text.trim())
  for (const exporter of exporters ?? []) checkOneOf(variable, exporter, EXPORTERS)
  const named = valueOf(env, `OTEL_EXPORTER_OTLP_${name}_ENDPOINT`) ?? valueOf(env, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  const isWanted = exporters === undefined ? (endpoint ?? named) !== undefined : exporters.includes('otlp')
  if (!isWanted) return undefined
  const protocolVariable = [`OTEL_EXPORTER_OTLP_${name}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL'].find(
    (one) => valueOf(env, one) !== undefined,
  )
  const protocol = protocolVariable === undefined ? 'http/protobuf' : (valueOf(env, protocolVariable) ?? '')
  checkOneOf(protocolVariable ?? '', protocol, PROTOCOLS)
  const url = endpoint === null ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/${signal}`
  return { url, protocol: protocol as Protocol }
}

function samplerOf(env: Env): SamplerPlan {
  const name = valueOf(env, 'OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const known = [...SAMPLERS, ...SAMPLERS.map((sampler) => `parentbased_${sampler}`)]
  checkOneOf('OTEL_TRACES_SAMPLER', name, known)
  const isParentBased = name.startsWith('parentbased_')
  if (name.endsWith('always_on')) return { isParentBased, ratio: 1 }
  if (name.endsWith('always_off')) return { isParentBased, ratio: 0 }
  const text = valueOf(env, 'OTEL_TRACES_SAMPLER_ARG') ?? '1'
  const ratio = Number(text)
  if (ratio >= 0 && ratio <= 1) return { isParentBased, ratio }
  throw new AppError('SETTINGS_INVALID', `OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not ${quoted(text)}`)
}

function intervalOf(env: Env): number {
  const text = valueOf(env, 'OTEL_METRIC_EXPORT_INTERVAL')
  if (text === undefined) return EXPORT_INTERVAL_MS
  const ms = Number(text)
  if (Number.isInteger(ms) && ms >= 100 && ms <= 86_400_000) return ms
  const range = 'must be a whole number of milliseconds from 100 to 86400000'
  throw new AppError('SETTINGS_INVALID', `OTEL_METRIC_EXPORT_INTERVAL ${range}, not ${quoted(text)}`)
}

/** An empty variable is one that is not set. */
function valueOf(env: Env, name: string): string | undefined {
  const text = env[name]?.trim()
  return text === '' ? undefined : text
}

function checkOneOf(variable: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return
  throw new AppError('SETTINGS_INVALID', `${variable} must be one of ${known.join(', ')}, not ${quoted(value)}`)
}

const quoted = (text: string) => JSON.stringify(text.slice(0, 100))
