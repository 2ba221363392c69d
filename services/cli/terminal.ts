/** What a command may say and to whom: standard output for its answer, standard error for words to a person. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

export type Terminal = {
  /** The answer; waits when the reader is slow. */
  out(text: string | Uint8Array): Promise<void>
  /** Words to a person. */
  say(text: string): void
  /** A line that is overwritten by the next one; nothing where standard error is no terminal. '' clears it. */
  progress(text: string): void
  readonly isTerminal: boolean
  readonly columns: number
  /** Colours text where colours are wanted (a terminal, and no NO_COLOR). */
  paint(style: Style, text: string): string
}
export type Style = 'red' | 'green' | 'yellow' | 'dim' | 'bold'

const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
}
type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

export function createTerminal(deps: {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: Readonly<Record<string, string | undefined>>
}): Terminal {
  const { stdout, stderr, env } = deps
  const isTerminal = stdout.isTTY ?? false
  const hasColor = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  let hasProgress = false

  function clearProgress(): void {
    if (hasProgress) stderr.write('\r\u001b[2K')
    hasProgress = false
  }

  return {
    isTerminal,
    columns: Math.max(stdout.columns ?? 80, 40),
    paint: (style, text) => (hasColor ? `\u001b[${SGR[style][0]}m${text}\u001b[${SGR[style][1]}m` : text),
    async out(text) {
      if (hasProgress && isTerminal) clearProgress()
      if (!stdout.write(text)) await once(stdout, 'drain')
    },
    say(text) {
      clearProgress()
      stderr.write(`${text}\n`)
    },
    progress(text) {
      if (!(stderr.isTTY ?? false)) return
      clearProgress()
      if (text === '') return
      stderr.write(text.slice(0, (stderr.columns ?? 80) - 1))
      hasProgress = true
    },
  }
}

/** Text from outside made harmless for a terminal: control characters (escape sequences among them) become visible. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    if (character === '\n' || character === '\r' || character === '\t') return ' '
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
