/** The documents that follow from the code: `npm run docs` writes them, a test compares them. */
import { DEAD_LETTER_REASONS } from '../../schemas/dead-letter.ts'
import { Settings } from '../../schemas/settings.ts'
import { ERROR_CODES } from '../../services/runtime/errors.ts'

export const RENDERED_DOCS: readonly { readonly path: string; readonly render: () => string }[] = [
  { path: 'docs/errors.md', render: renderErrors },
  { path: 'docs/settings.md', render: renderSettings },
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
