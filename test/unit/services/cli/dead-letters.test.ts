import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { StoredDeadLetter } from '../../../../schemas/api/dead-letters.ts'
import { createLetterTable, resultLine } from '../../../../services/cli/dead-letter-table.ts'
import { letterText } from '../../../../services/cli/dead-letter-text.ts'

const plain = { columns: 80, paint: (_style: string, text: string) => text }
const [example] = (StoredDeadLetter as unknown as { readonly examples: readonly [StoredDeadLetter] }).examples
const letterOf = (record: string | Uint8Array, change: Partial<StoredDeadLetter> = {}): StoredDeadLetter => ({
  ...example,
  bytes: Buffer.from(record).toString('base64'),
  length: Buffer.byteLength(record),
  ...change,
})
const recordIn = (text: string): string => text.slice(text.indexOf('\n\n') + 2)

test('a letter takes two lines of at most 80 columns, with its whole key', () => {
  const table = createLetterTable(plain)
  const hostile = {
    origin: `\u001b[2J${'同期'.repeat(60)}`,
    detail: 'a\nb',
    reason: 'too_large_for_topic',
    seen: 12_345_678,
  }
  for (const letter of [example, { ...example, ...hostile }]) {
    const lines = table.row(letter).trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain(example.dead_letter_key)
    for (const line of [...lines, table.header().trimEnd()]) expect(stringWidth(line)).toBeLessThanOrEqual(80)
    expect(lines.join('')).not.toContain('\u001b')
  }
})

test('a letter that was closed or refused again says so', () => {
  const table = createLetterTable(plain)
  const row = (letter: StoredDeadLetter): string => table.row(letter)
  expect(row({ ...example, state: 'discarded' })).toContain('discarded; logs/pc7.json')
  expect(row({ ...example, reopened: true })).toContain('seen again after its replay; logs/')
  expect(row({ ...example, attempt_reason: 'not_xml' })).toContain('failed again: not_xml; logs/')
})

test('the record keeps its lines, and its escape sequences do not reach the terminal', () => {
  const text = letterText(letterOf('{"a":\r\n"\u001b]0;owned\u0007\u202eé"}'), plain)
  expect(recordIn(text)).toBe('{"a":\n"\\x1b]0;owned\\x07\\x202eé"}\n')
})

test('a record that is no text is shown as bytes', () => {
  const text = letterText(
    letterOf(Buffer.from([0xff, 0xfe, 0x41, 0x00, 0x1b, 0x5b, 0x32, 0x4a, ...Buffer.alloc(10, 0x42)])),
    plain,
  )
  expect(recordIn(text)).toBe(
    '00000000: fffe 4100 1b5b 324a 4242 4242 4242 4242  ..A..[2JBBBBBBBB\n00000010: 4242                                     BB\n',
  )
})

test('a long record is cut for the eye, also inside of a character, and an empty one is no problem', () => {
  const text = letterText(letterOf(`x${'é'.repeat(5000)}`), plain)
  expect(recordIn(text)).toMatch(/^xé+\n… 5905 more bytes; --raw gives them all\n$/)
  expect(recordIn(letterText(letterOf(''), plain))).toBe('\n')
})

test('all that is known of a letter is said', () => {
  const closed = { closed_at: '2026-11-03T00:00:00.000Z', closed_by: 'ada', closed_version: '0.1.0' }
  const tried = {
    attempts: 2,
    attempted_at: '2026-11-02T00:00:00.000Z',
    attempt_reason: 'not_xml',
    attempt_detail: 'no end',
  }
  const change = { ...closed, ...tried, state: 'discarded', discard_reason: 'a test device', is_whole: false } as const
  const text = letterText(letterOf('x', change), plain).replace(/\s+/g, ' ')
  for (const words of [
    example.dead_letter_key,
    'discarded',
    '2, the last on 2026-11-02 00:00:00 UTC; failed again: not_xml: no end',
    '2026-11-03 00:00:00 by ada, version 0.1.0',
    'a test device',
    'only its first 64 KiB were kept, so it cannot be replayed',
    '2 times, 2026-11-01 09:12:44 to 2026-11-02 09:12:45 UTC',
  ]) {
    expect(text).toContain(words)
  }
})

test('what became of a replay is a line, and why not the next', () => {
  const done = {
    dead_letter_key: example.dead_letter_key,
    events: 1,
    stored: 1,
    duplicates: 0,
    reason: null,
    detail: null,
  }
  expect(resultLine({ ...done, outcome: 'replayed' }, plain)).toBe(
    `${example.dead_letter_key}  replayed: 1 stored, 0 stored before\n`,
  )
  const failed = { ...done, outcome: 'failed', stored: 0, reason: 'not_xml', detail: 'no\u001bend' } as const
  expect(resultLine(failed, plain)).toBe(`${example.dead_letter_key}  failed again\n    not_xml: no\\x1bend\n`)
})
