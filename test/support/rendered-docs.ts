/** The documents that follow from the code: `npm run docs` writes them, a test compares them. */
import { DEAD_LETTER_REASONS } from '../../schemas/dead-letter.ts'
import { Settings } from '../../schemas/settings.ts'
import { ERROR_CODES } from '../../services/runtime/errors.ts'
import { ATTRIBUTES, type MetricSpec } from '../../services/runtime/telemetry/metric-spec.ts'
import { METRICS } from '../../services/runtime/telemetry/metrics.ts'
import { prometheusName } from '../../services/runtime/telemetry/prometheus-name.ts'

export const RENDERED_DOCS: readonly { readonly path: string; readonly render: () => string }[] = [
  { path: 'docs/errors.md', render: renderErrors },
  { path: 'docs/settings.md', render: renderSettings },
  { path: 'docs/metrics.md', render: renderMetrics },
]

function renderErrors(): string {
  return `# Errors

Codes and reasons are fixed words: they stand in messages, logs, metric labels, the API's problem details and columns.

## Error codes

| Code | What it means and what to do |
| --- | --- |
${rows(ERROR_CODES)}

## Reasons of dead letters

A record that cannot become an event is kept as a dead letter, with its bytes and one of these reasons.

| Reason | What it means |
| --- | --- |
${rows(DEAD_LETTER_REASONS)}
`
}

function rows(words: Readonly<Record<string, string>>): string {
  return Object.entries(words)
    .map(([code, text]) => `| \`${code}\` | ${text} |`)
    .join('\n')
}

function renderSettings(): string {
  const lines = Object.entries(Settings.properties).map(([name, schema]) => {
    const { default: value, description = '' } = schema as {
      default?: string | number | string[] | null
      description?: string
    }
    const shown = value === null ? '_unset_' : `\`${Array.isArray(value) ? '' : String(value)}\``
    return `| \`${name}\` | \`ROAMWATCH_${name.toUpperCase()}\` | ${shown === '``' ? '_empty_' : shown} | ${description} |`
  })
  return `# Settings

A flag of the command line wins over the environment, the environment over the settings file, the file over the default.
The file is YAML, \`name: value\`; name it with \`--config FILE\` or \`ROAMWATCH_CONFIG\`. An unknown name or a wrong value
stops the start with a message that says how to mend it.

| Name in the file | Environment | Default | Meaning |
| --- | --- | --- | --- |
${lines.join('\n')}
`
}

const KINDS = { counter: 'counter', updown: 'up-down counter', gauge: 'gauge', histogram: 'histogram' } as const

function renderMetrics(): string {
  const specs: readonly (readonly [string, MetricSpec])[] = Object.entries(METRICS)
  const lines = specs.map(([name, spec]) => {
    const attributes = spec.attributes.map((attribute) => `\`${attribute}\``).join(', ')
    const names = `\`${name}\`<br>\`${prometheusName(name, spec)}\``
    return `| ${names} | ${KINDS[spec.kind]} | \`${spec.unit}\` | ${attributes} | ${spec.description} |`
  })
  return `# Metrics

What every service shows on \`/metrics\` and sends by OTLP; [telemetry.md](telemetry.md) says how to have them. The first name is OpenTelemetry's, the
second Prometheus': dots become underscores in both names and attributes, and the unit stands at the end. Counters count from the start of the
process. A metric is there once it has a value.

| Name | Kind | Unit | Attributes | Meaning |
| --- | --- | --- | --- | --- |
${lines.join('\n')}

## Attributes

They have few values, all of them from fixed lists or from settings; never a computer, a user or an event.

| Attribute | Value |
| --- | --- |
${rows(ATTRIBUTES)}

Besides, \`target_info\` in Prometheus, and the resource in OTLP, name the process: \`service.name\`, \`service.namespace\`, \`service.version\`,
\`service.instance.id\`, \`host.name\`, and what OTEL_RESOURCE_ATTRIBUTES adds.
`
}
