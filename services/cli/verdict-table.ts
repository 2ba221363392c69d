/** Verdicts as a table of 80 columns: when, where, what, the code, and the cause as far as it is known. */
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { type Cell, createTable } from './table.ts'
import type { Style, Terminal } from './terminal.ts'

const OUTCOME: Readonly<Record<ClassifiedEvent['outcome'], { readonly text: string; readonly style: Style }>> = {
  failure: { text: '✗', style: 'red' },
  success: { text: '✓', style: 'green' },
  notice: { text: '·', style: 'dim' },
}
/** What a terminal has beyond 80 columns goes to the device, the event and, above all, the cause. */
function columnsFor(width: number) {
  const more = Math.max(0, Math.floor((width - 80) / 4))
  return [
    { title: '', width: 1 },
    { title: 'TIME (UTC)', width: more > 0 ? 19 : 11 },
    { title: 'DEVICE', width: 9 + Math.min(more, 8) },
    { title: 'EVENT', width: EVENT_WIDTH + Math.min(more, 12) },
    { title: 'CODE', width: 10 },
    { title: 'CAUSE (? = MAY BE)', width: 0 },
  ]
}
const EVENT_WIDTH = 16

export function createVerdictTable(terminal: Pick<Terminal, 'columns' | 'paint'>) {
  const columns = columnsFor(terminal.columns)
  const table = createTable(columns, terminal)
  const [, time = { width: 11 }, , event = { width: EVENT_WIDTH }] = columns
  return {
    header: () => table.header(),
    row: (row: ClassifiedEvent) =>
      table.row([
        OUTCOME[row.outcome],
        time.width > 11
          ? row.occurred_at.slice(0, 19).replace('T', ' ')
          : row.occurred_at.slice(5, 16).replace('T', ' '),
        row.device,
        eventName(row, event.width),
        row.code ?? '',
        cause(row),
      ]),
  }
}

/** SettingSync-Azure 5001; the number is never cut. */
function eventName(row: ClassifiedEvent, width: number): string {
  const provider = (row.provider ?? '?')
    .replace(/^Microsoft-Windows-/, '')
    .replace('User Device Registration', 'DeviceReg')
  const id = ` ${row.event_id}`
  return provider.length + id.length <= width ? provider + id : `${provider.slice(0, width - 1 - id.length)}…${id}`
}

function cause(row: ClassifiedEvent): Cell {
  if (row.entry !== null) return { text: row.entry, style: 'bold' }
  const [best] = row.candidates
  if (best !== undefined) return `? ${best.entry}`
  if (row.outcome === 'success')
    return { text: row.duration_ms === null ? 'success' : `success, ${row.duration_ms} ms`, style: 'dim' }
  return { text: row.symbol ?? row.category ?? '', style: 'dim' }
}
