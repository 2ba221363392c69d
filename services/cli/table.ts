/** Tables that read well in 80 columns: fixed columns, one that takes what is left, cut with … and never wrapped. */
import stringWidth from 'string-width'
import { printable, type Style, type Terminal } from './terminal.ts'

export type Column = {
  readonly title: string
  /** Width in terminal cells; 0: takes what the others leave (one column a table). */
  readonly width: number
}
export type Cell = { readonly text: string; readonly style?: Style } | string

export type Table = { header(): string; row(cells: readonly Cell[]): string }

/** `row` takes one cell a column. Text from outside is made harmless; wide characters count as two cells. */
export function createTable(columns: readonly Column[], terminal: Pick<Terminal, 'columns' | 'paint'>): Table {
  const fixed = columns.reduce((sum, { width }) => sum + width + 1, -1)
  const widths = columns.map(({ width }) => (width === 0 ? Math.max(terminal.columns - fixed, 8) : width))

  function row(cells: readonly Cell[]): string {
    const shown = cells.map((cell, index) => {
      const { text, style } = typeof cell === 'string' ? { text: cell, style: undefined } : cell
      const isLast = index === cells.length - 1
      const fitted = fit(printable(text), widths[index] ?? 8, isLast)
      return style === undefined ? fitted : terminal.paint(style, fitted)
    })
    return `${shown.join(' ').trimEnd()}\n`
  }
  return { row, header: () => row(columns.map(({ title }) => ({ text: title, style: 'dim' }))) }
}

function fit(text: string, width: number, isLast: boolean): string {
  const length = stringWidth(text)
  if (length <= width) return isLast ? text : text + ' '.repeat(width - length)
  let shown = ''
  let used = 0
  for (const character of text) {
    const cells = stringWidth(character)
    if (used + cells > width - 1) break
    shown += character
    used += cells
  }
  return `${shown}…${' '.repeat(width - used - 1)}`
}

/** Wraps words to `width` cells with `indent` before each line but the first. */
export function wrapWords(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(/ +/)) {
    if (line !== '' && stringWidth(`${line} ${word}`) > width) {
      lines.push(line)
      line = indent + word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.join('\n')
}
