/** `roamwatch explain CODE|ENTRY`: what it means, why it happens, what to do, and where that is written. */
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import {
  type CodeExplanation,
  type EntryExplanation,
  type Explanation,
  explain as explainQuery,
} from '../../../schemas/catalog/explain.ts'
import type { CatalogEntry } from '../../../schemas/catalog/catalog.ts'
import { formatErrorCode } from '../../../schemas/catalog/error-code.ts'
import { AppError } from '../../runtime/errors.ts'
import type { CliCommand } from '../command.ts'
import { wrapWords } from '../table.ts'
import type { Terminal } from '../terminal.ts'

const INDENT = '  '
const LABEL_WIDTH = 13

export const explain: CliCommand = {
  define(command, { terminal }) {
    command
      .argument('<code-or-entry...>', 'an error code in any spelling, AADSTSnnnnn, or the id of a catalog entry')
      .option('--json', 'the whole explanation as one JSON line')
      .allowUnknownOption() // -895156196 is a code
      .addHelpText('after', EXAMPLE)
      .action(async (words: string[], options: { json?: boolean }) => {
        const { queries, isJson } = separateCodes(words, options.json ?? false)
        for (const explanation of explainAll(queries)) {
          const text = explanation.kind === 'code' ? codeText(explanation, terminal) : entryText(explanation, terminal)
          await terminal.out(isJson ? `${JSON.stringify(explanation)}\n` : text)
        }
      })
  },
}

const EXAMPLE = `
Examples:
  roamwatch explain 0xCAA5001C          as hex, -895156196 or 3399811100
  roamwatch explain AADSTS50076
  roamwatch explain known-1098-0xcaa5001c`

/** Negative codes look like options to the parser, which then leaves options behind them alone. */
function separateCodes(
  words: readonly string[],
  json: boolean,
): { readonly queries: readonly string[]; readonly isJson: boolean } {
  const queries = words.filter((word) => word !== '--json')
  const option = queries.find((word) => /^--?[A-Za-z]/.test(word))
  if (option !== undefined)
    throw new AppError('USAGE', `unknown option ${option}; roamwatch explain --help shows an example`)
  return { queries, isJson: json || queries.length < words.length }
}

/** Several words may be one spelling, `FAIL [0x801c0021/0x80072ee2]`, or several questions. */
function explainAll(queries: readonly string[]): readonly Explanation[] {
  const catalog = loadCatalog()
  const whole = explainQuery(catalog, queries.join(' '))
  if (whole !== undefined) return [whole]
  return queries.map((query) => {
    const explanation = explainQuery(catalog, query)
    if (explanation === undefined) throw unknown(query)
    return explanation
  })
}

function unknown(query: string): AppError {
  const shown = JSON.stringify(query.length > 60 ? `${query.slice(0, 60)}…` : query)
  const forms = 'a code such as 0xCAA5001C, -895156196 or 80070533, AADSTS50076, or the id of a catalog entry'
  return new AppError('USAGE', `${shown} is no error code or catalog entry; give ${forms}`)
}

function codeText(explanation: CodeExplanation, terminal: Terminal): string {
  const { code, others, entries, sources } = explanation
  const lines = [heading(terminal, code.code, code.symbol ?? code.family)]
  lines.push(paragraph(terminal, code.cause))
  if (code.symbol !== null) lines.push(fact(terminal, 'Kind', code.family))
  if (code.inner !== null) lines.push(fact(terminal, 'Inside', innerText(code.inner, code.cause)))
  if (code.category !== null)
    lines.push(fact(terminal, 'Category', `${code.category}; clears by itself: ${code.transient ?? 'unknown'}`))
  if (code.note !== null) lines.push(fact(terminal, 'Note', code.note))
  if (!code.documented)
    lines.push(fact(terminal, 'Mind', 'no public text names this code; take the cause as a hypothesis'))
  for (const other of others)
    lines.push(fact(terminal, 'Also', `${other.code} ${other.symbol ?? other.family}: ${other.cause}`))
  for (const entry of entries) lines.push('', ...entryLines(entry, terminal))
  if (entries.length === 0)
    lines.push(
      fact(terminal, 'Next', 'no known cause is tied to this code; look at the events around it on the device'),
    )
  return finish(lines, sources, terminal)
}

const INNER_TITLES = {
  http: 'HTTP status',
  win32: 'Win32 error',
  winhttp: 'WinINet/WinHTTP error',
  ntstatus: 'NTSTATUS',
} as const

function innerText(inner: NonNullable<CodeExplanation['code']['inner']>, cause: string): string {
  const number = inner.kind === 'ntstatus' ? formatErrorCode(inner.value) : String(inner.value)
  const words = [INNER_TITLES[inner.kind], number, inner.symbol ?? ''].filter((word) => word !== '').join(' ')
  return inner.cause === null || inner.cause === cause ? words : `${words}: ${inner.cause}`
}

function entryText({ entry, codes, sources }: EntryExplanation, terminal: Terminal): string {
  const lines = entryLines(entry, terminal)
  if (codes.length > 0) {
    const shown = codes.slice(0, 12).map(({ code, symbol }) => (symbol === null ? code : `${code} ${symbol}`))
    const more = codes.length > shown.length ? `, and ${codes.length - shown.length} more` : ''
    lines.push(fact(terminal, 'Codes', shown.join(', ') + more))
  }
  return finish(lines, sources, terminal)
}

function entryLines(entry: CatalogEntry, terminal: Terminal): string[] {
  const lines = [heading(terminal, entry.id, entry.title), paragraph(terminal, entry.summary)]
  entry.next_steps.forEach((step, index) =>
    lines.push(fact(terminal, index === 0 ? 'Next' : '', `${index + 1}. ${step}`)),
  )
  if (entry.facts_needed.length > 0) lines.push(fact(terminal, 'Settled by', entry.facts_needed.join(', ')))
  const fixes = [entry.kb, entry.fixed_in_build && `fixed in build ${entry.fixed_in_build}`].filter(Boolean).join(', ')
  if (fixes !== '') lines.push(fact(terminal, 'Fix', fixes))
  if (entry.seed_lines !== null)
    lines.push(fact(terminal, 'Article', `roaming troubleshooting, lines ${entry.seed_lines}`))
  if (entry.status === 'legacy') lines.push(fact(terminal, 'Mind', 'concerns older versions of Windows'))
  return lines
}

/** A source a line, cut at the edge; `--json` has them whole. */
function finish(lines: readonly string[], sources: CodeExplanation['sources'], terminal: Terminal): string {
  const width = terminal.columns - LABEL_WIDTH
  const cited = sources.map(({ name, title }, index) => {
    const line = `${name}: ${title}`
    return label(terminal, index === 0 ? 'Source' : '') + (line.length > width ? `${line.slice(0, width - 1)}…` : line)
  })
  return `${[...lines, ...cited].join('\n')}\n`
}

function heading(terminal: Terminal, name: string, title: string): string {
  const [first = '', ...rest] = wrapWords(`${name}  ${title}`, terminal.columns).split('\n')
  return [first.replace(name, terminal.paint('bold', name)), ...rest].join('\n')
}

function paragraph(terminal: Terminal, text: string): string {
  return INDENT + wrapWords(text, terminal.columns - INDENT.length).replaceAll('\n', `\n${INDENT}`)
}

function fact(terminal: Terminal, name: string, text: string): string {
  const body = wrapWords(text, terminal.columns - LABEL_WIDTH).replaceAll('\n', `\n${' '.repeat(LABEL_WIDTH)}`)
  return label(terminal, name) + body
}

function label(terminal: Terminal, name: string): string {
  return terminal.paint('dim', (INDENT + name).padEnd(LABEL_WIDTH))
}
