/** Compares what must be stored with what readers see, and trends with the rows that they are of. Pure. */
import type { Expected } from './expectations.ts'

/** Numbers by what they are of, for example `1780000000/1098`. */
export type Counts = ReadonlyMap<string, number>

export type Observed = {
  /** Of every row that a reader sees. */
  readonly keys: readonly string[]
  /** One a stored dead letter: the mark in its bytes; null where it has none. */
  readonly letters: readonly (string | null)[]
  /** The query API's trend by hour and event id. */
  readonly trend: Counts
  /** The SQL view `trends_hourly`, the same way. */
  readonly hourly: Counts
  /** The query API's trend by hour, outcome and entry. */
  readonly verdicts: Counts
  /** The same, recounted from the rows as they are stored. */
  readonly verdictsOfRows: Counts
}

export type Judgement = {
  /** Different rows that readers see. */
  readonly stored: number
  /** Acknowledged and not there. */
  readonly lost: number
  /** Rows too many: a second one of a key, or of a key that nobody sent. */
  readonly doubled: number
  /** Different broken records that are kept. */
  readonly dead_lettered: number
  /** Broken records without a letter. */
  readonly letters_lost: number
  /** Letters too many: a second one of a record, or of a record that was not broken. */
  readonly letters_doubled: number
  /** Numbers of trends that differ. */
  readonly trend_mismatches: number
  /** Some of what is wrong, in words. */
  readonly examples: readonly string[]
}

const MAX_EXAMPLES = 10

export function judge(expected: Expected, observed: Observed): Judgement {
  const seen = countEach(observed.keys)
  const letters = countEach(observed.letters.filter((mark) => mark !== null))
  const lost = [...expected.events.keys()].filter((key) => !seen.has(key))
  const lettersLost = [...expected.broken].filter((mark) => !letters.has(mark))
  const unknown = [...seen.keys()].filter((key) => !expected.events.has(key))
  const unmarked = observed.letters.filter((mark) => mark === null).length
  const unknownLetters = [...letters.keys()].filter((mark) => !expected.broken.has(mark))
  const byHour = expectedByHour(expected)
  const mismatches = [
    ...differences('trend of the API', byHour, observed.trend),
    ...differences('view trends_hourly', byHour, observed.hourly),
    ...differences('trend of verdicts', observed.verdictsOfRows, observed.verdicts),
  ]
  return {
    stored: seen.size,
    lost: lost.length,
    doubled: observed.keys.length - seen.size + unknown.length,
    dead_lettered: letters.size,
    letters_lost: lettersLost.length,
    letters_doubled: observed.letters.length - letters.size + unknownLetters.length,
    trend_mismatches: mismatches.length,
    examples: [
      ...lost.slice(0, MAX_EXAMPLES).map((key) => `lost event ${key}`),
      ...repeated(seen).map((key) => `event ${key} is there ${seen.get(key) ?? 0} times`),
      ...unknown.slice(0, MAX_EXAMPLES).map((key) => `event ${key} was never sent`),
      ...lettersLost.slice(0, MAX_EXAMPLES).map((mark) => `no dead letter of ${mark}`),
      ...repeated(letters).map((mark) => `${letters.get(mark) ?? 0} dead letters of ${mark}`),
      ...unknownLetters.slice(0, MAX_EXAMPLES).map((mark) => `a dead letter of ${mark}, which was not broken`),
      ...(unmarked > 0 ? [`${unmarked} dead letters of records that were not broken`] : []),
      ...mismatches.slice(0, MAX_EXAMPLES),
    ],
  }
}

export function isExact(judgement: Judgement): boolean {
  const { lost, doubled, letters_lost, letters_doubled, trend_mismatches } = judgement
  return lost + doubled + letters_lost + letters_doubled + trend_mismatches === 0
}

function expectedByHour({ events }: Expected): Counts {
  return countEach([...events.values()].map(({ hour, eventId }) => `${hour}/${eventId}`))
}

export function countEach(names: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function differences(what: string, right: Counts, given: Counts): string[] {
  return [...new Set([...right.keys(), ...given.keys()])]
    .filter((name) => (right.get(name) ?? 0) !== (given.get(name) ?? 0))
    .map((name) => `${what}: ${name} is ${given.get(name) ?? 0}, not ${right.get(name) ?? 0}`)
}

function repeated(counts: Counts): string[] {
  return [...counts.keys()].filter((name) => (counts.get(name) ?? 0) > 1).slice(0, MAX_EXAMPLES)
}
