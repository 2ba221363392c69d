/** One dead letter for a person: what is known of it, then its record, made harmless for a terminal. */
import { isUtf8 } from 'node:buffer'
import type { StoredDeadLetter } from '../../schemas/api/dead-letters.ts'
import { wrapWords } from './table.ts'
import { printable, type Terminal } from './terminal.ts'

const LABEL_WIDTH = 13
/** More of a record than this is for `--raw` and a pager. */
const MAX_SHOWN_BYTES = 4096
const DUMP_WIDTH = 16

export function letterText(letter: StoredDeadLetter, terminal: Pick<Terminal, 'columns' | 'paint'>): string {
  const facts = factsOf(letter).map(([name, text]) => fact(name, text, terminal))
  const bytes = Buffer.from(letter.bytes, 'base64')
  const shown = bytes.subarray(0, MAX_SHOWN_BYTES)
  const isText = isReadable(bytes)
  const record = isText ? textLines(shown) : dumpLines(shown)
  const rest = bytes.length - shown.length
  const more = rest > 0 ? [terminal.paint('dim', `… ${rest} more bytes; --raw gives them all`)] : []
  return `${[...facts, '', ...record, ...more].join('\n')}\n`
}

function factsOf(letter: StoredDeadLetter): (readonly [string, string])[] {
  const { attempts, closed_at, closed_by, closed_version } = letter
  const state = letter.reopened ? 'open: seen again after its replay' : letter.state
  const facts: (readonly [string, string])[] = [
    ['Key', letter.dead_letter_key],
    ['State', state],
    ['Reason', `${letter.reason}: ${letter.detail}`],
    ['Origin', `${letter.source_kind}: ${letter.origin}`],
    ['Seen', seenWords(letter)],
    ['Record', recordWords(letter)],
  ]
  if (attempts > 0) facts.push(['Replays', attemptWords(letter)])
  if (closed_at !== null) {
    facts.push([
      'Closed',
      `${shortTime(closed_at)} by ${closed_by ?? 'unknown'}, version ${closed_version ?? 'unknown'}`,
    ])
  }
  if (letter.discard_reason !== null) facts.push(['Because', letter.discard_reason])
  return facts
}

function seenWords({ seen, first_seen, last_seen }: StoredDeadLetter): string {
  if (seen === 1) return `once, ${shortTime(last_seen)} UTC`
  return `${seen} times, ${shortTime(first_seen)} to ${shortTime(last_seen)} UTC`
}

function recordWords({ length, shipper, is_whole }: StoredDeadLetter): string {
  const read = shipper === null ? '' : `, read as ${shipper}`
  const cut = is_whole ? '' : '; only its first 64 KiB were kept, so it cannot be replayed'
  return `${length} bytes${read}${cut}`
}

function attemptWords({ attempts, attempted_at, attempt_reason, attempt_detail }: StoredDeadLetter): string {
  const last = attempted_at === null ? '' : `, the last on ${shortTime(attempted_at)} UTC`
  const why = attempt_reason === null ? '' : `; failed again: ${attempt_reason}: ${attempt_detail ?? ''}`
  return `${attempts}${last}${why}`
}

const shortTime = (time: string): string => time.slice(0, 19).replace('T', ' ')

function fact(name: string, text: string, terminal: Pick<Terminal, 'columns' | 'paint'>): string {
  const indent = ' '.repeat(LABEL_WIDTH)
  const body = wrapWords(text, terminal.columns - LABEL_WIDTH, indent)
  return terminal.paint('dim', `  ${name}`.padEnd(LABEL_WIDTH)) + body
}

/** UTF-8 in which at most a tenth are control characters. A UTF-16 record is shown as bytes: its text stands beside them. */
function isReadable(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false
  const head = bytes.subarray(0, MAX_SHOWN_BYTES)
  return head.filter((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13).length * 10 <= head.length
}

/** Line by line, so that a record keeps its shape while escape sequences become visible. */
function textLines(bytes: Buffer): string[] {
  // The cut may lie inside of a character.
  const text = new TextDecoder().decode(bytes, { stream: true })
  return text.split(/\r\n|\n|\r/).map((line) => printable(line))
}

/** As `xxd` prints: offset, 16 bytes in hex, what of them is ASCII. */
function dumpLines(bytes: Buffer): string[] {
  return Array.from({ length: Math.ceil(bytes.length / DUMP_WIDTH) }, (_, line) => {
    const row = bytes.subarray(line * DUMP_WIDTH, (line + 1) * DUMP_WIDTH)
    const hex = row.toString('hex').replace(/(....)(?!$)/g, '$1 ')
    const ascii = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.')
    return `${(line * DUMP_WIDTH).toString(16).padStart(8, '0')}: ${hex.padEnd(39)}  ${ascii}`
  })
}
