/** Dead letters as a table of 80 columns, and what became of those that were replayed as one line each. */
import type { DeadLetterSummary, ReplayResult } from '../../schemas/api/dead-letters.ts'
import { createTable, wrapWords } from './table.ts'
import type { Style, Terminal } from './terminal.ts'

/** Wide enough to tell letters apart; `--json` and `show` have the whole key. */
const KEY_WIDTH = 32

/** Two lines a letter: the whole key is needed for the next command, and the detail to choose one. */
export function createLetterTable(terminal: Pick<Terminal, 'columns' | 'paint'>) {
  const columns = [
    { title: 'LAST SEEN (UTC)', width: 16 },
    { title: 'SEEN', width: 5 },
    { title: 'REASON', width: 22 },
    { title: 'KEY, ORIGIN AND DETAIL BELOW', width: Math.max(KEY_WIDTH, terminal.columns - 47) },
  ]
  const table = createTable(columns, terminal)
  const below = createTable(
    [
      { title: '', width: 2 },
      { title: '', width: 0 },
    ],
    terminal,
  )
  return {
    header: () => table.header(),
    row(letter: DeadLetterSummary): string {
      const { last_seen, seen, reason, dead_letter_key, origin, detail } = letter
      const about = `${stateWords(letter)}${letter.attempt_reason === null ? '' : `failed again: ${letter.attempt_reason}; `}`
      return (
        table.row([last_seen.slice(0, 16).replace('T', ' '), shortNumber(seen), reason, dead_letter_key]) +
        below.row(['', { text: `${about}${origin}: ${detail}`, style: 'dim' }])
      )
    },
  }
}

function stateWords({ state, reopened }: DeadLetterSummary): string {
  if (state === 'open') return reopened ? 'seen again after its replay; ' : ''
  return `${state}; `
}

function shortNumber(value: number): string {
  return value < 100_000 ? String(value) : `${Math.floor(value / 1000)}k`
}

const OUTCOMES: Readonly<Record<ReplayResult['outcome'], { readonly words: string; readonly style: Style }>> = {
  replayed: { words: 'replayed', style: 'green' },
  queued: { words: 'queued', style: 'yellow' },
  failed: { words: 'failed again', style: 'red' },
  not_replayable: { words: 'not replayable', style: 'red' },
}

export function resultLine(result: ReplayResult, terminal: Pick<Terminal, 'columns' | 'paint'>): string {
  const { words, style } = OUTCOMES[result.outcome]
  const counts = result.outcome === 'replayed' ? `: ${result.stored} stored, ${result.duplicates} stored before` : ''
  const why = [result.reason, result.detail].filter((text) => text !== null).join(': ')
  const line = `${result.dead_letter_key}  ${terminal.paint(style, words)}${counts}\n`
  return why === '' ? line : `${line}    ${wrapWords(why, terminal.columns - 4, '    ')}\n`
}
