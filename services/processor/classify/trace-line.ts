/**
 * Trace lines of the Windows Implementation Libraries, the only place where SettingSync 6065, SettingSync-Azure 6013 and their
 * like keep an error code, without 0x:
 * `<file>(<line>)\<module>!<address>: (caller: <address>) <kind>[<tag>](<count>) tid(<thread>) <hresult> <system message>`.
 * Read by position, never by the message after the code: that is in the device's language.
 */

export type TraceLine = {
  /** Place of the code in the text. */
  readonly at: number
  /** Unsigned 32 bits. */
  readonly hresult: number
  /** Source file, its line, module and kind (ReturnHr, LogHr, …); empty where the line lacks them. */
  readonly file: string
  readonly line: string
  readonly module: string
  readonly kind: string
}

const THREAD = ' tid('
/** A prefix longer than this is no trace line; also bounds the work on hostile text. */
const MAX_PREFIX = 1024
const MAX_LINES = 64

/** All trace lines of a text of any length, in order, at most 64. Linear in the length of the text. */
export function parseTraceLines(text: string): TraceLine[] {
  const lines: TraceLine[] = []
  let from = 0
  for (;;) {
    const thread = text.indexOf(THREAD, from)
    if (thread === -1 || lines.length === MAX_LINES) return lines
    const after = thread + THREAD.length
    const at = codePlace(text, after)
    if (at === undefined) {
      from = after
    } else {
      lines.push(readPrefix(text.slice(Math.max(from, thread - MAX_PREFIX), thread), at, text))
      from = at + 8
    }
  }
}

/** Where the code stands when the text goes on `<hex>) <8 hex digits>` and then no further hex digit; else undefined. */
function codePlace(text: string, thread: number): number | undefined {
  let at = thread
  while (at < thread + 16 && isHex(text.charCodeAt(at))) at++
  if (at === thread || text.charCodeAt(at) !== 0x29 || text.charCodeAt(at + 1) !== 0x20) return undefined
  at += 2
  for (let digit = 0; digit < 8; digit++) if (!isHex(text.charCodeAt(at + digit))) return undefined
  const next = text.charCodeAt(at + 8)
  return isHex(next) || next === 0x2d ? undefined : at
}

function isHex(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)
}

function readPrefix(before: string, at: number, text: string): TraceLine {
  const hresult = Number.parseInt(text.slice(at, at + 8), 16)
  const prefix = before.slice(before.lastIndexOf('\n') + 1)
  // `ReturnHr[PreRelease](17)` stands behind the last space.
  const call = prefix.slice(prefix.lastIndexOf(' ') + 1)
  const kindEnd = call.search(/[^A-Za-z]/)
  const bang = prefix.indexOf('!')
  const source = bang === -1 ? '' : prefix.slice(0, bang)
  const close = source.lastIndexOf(')\\')
  const open = source.lastIndexOf('(', close)
  const hasSource = close > open && open > 0
  return {
    at,
    hresult,
    file: hasSource ? source.slice(0, open) : '',
    line: hasSource ? source.slice(open + 1, close) : '',
    module: hasSource ? source.slice(close + 2) : source,
    kind: kindEnd === -1 ? call : call.slice(0, kindEnd),
  }
}

/** What repeats of one fault have in common: no address, thread, counter or words. `code` is the canonical spelling. */
export function fingerprintOf(line: TraceLine, code: string): string {
  return `${line.file}(${line.line})\\${line.module} ${line.kind} ${code}`
}
