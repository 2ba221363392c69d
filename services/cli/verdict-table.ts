/** Verdicts as a table of 80 columns: when, where, what, the code, and the cause as far as it is known. */
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { type Cell, createTable } from './table.ts'
import type { Style, Terminal } from './terminal.ts'

const OUTCOME: Readonly<Record<ClassifiedEvent['outcome'], { readonly text: string; readonly style: Style }>> = {
  failure: { text: '✗', style: 'red' },
  success: { text: '✓', style: 'green' },
  notice: { text: '·', style: 'dim' },
}
const COLUMNS = [
  { title: '', width: 1 },
  { title: 'TIME (UTC)', width: 14 },
  { title: 'DEVICE', width: 11 },
  { title: 'EVENT', width: 18 },
  { title: 'CODE', width: 10 },
  { title: 'CAUSE, OR WHAT IT MAY BE', width: 0 },
] as const

export function createVerdictTable(terminal: Pick<Terminal, 'columns' | 'paint'>) {
  const table = createTable(COLUMNS, terminal)
  return {
    header: () => table.header(),
    row: (row: ClassifiedEvent) =>
      table.row([
        OUTCOME[row.outcome],
        shortTime(row.occurred_at),
        row.device,
        eventName(row),
        row.code ?? '',
        cause(row),
      ]),
  }
}

/** 2024-11-15T15:02:03… to 11-15 15:02:03. */
function shortTime(time: string): string {
  return `${time.slice(5, 10)} ${time.slice(11, 19)}`
}

function eventName(row: ClassifiedEvent): string {
  const provider = (row.provider ?? '?')
    .replace(/^Microsoft-Windows-/, '')
    .replace('User Device Registration', 'DeviceReg')
  const id = ` ${row.event_id}`
  return provider.length + id.length <= 18 ? provider + id : `${provider.slice(0, 17 - id.length)}…${id}`
}

function cause(row: ClassifiedEvent): Cell {
  if (row.entry !== null) return { text: row.entry, style: 'bold' }
  const [best] = row.candidates
  if (best !== undefined) return `${best.entry}?`
  if (row.outcome === 'success')
    return { text: row.duration_ms === null ? 'success' : `success, ${row.duration_ms} ms`, style: 'dim' }
  return { text: row.symbol ?? row.category ?? '', style: 'dim' }
}
