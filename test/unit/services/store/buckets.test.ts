import { describe, expect, it } from 'vitest'
import { type Interval, INTERVALS } from '../../../../schemas/api/queries.ts'
import { planBuckets } from '../../../../services/store/clickhouse/buckets.ts'
import { parseBound } from '../../../../services/store/clickhouse/times.ts'

const starts = (interval: Interval, from: string, to: string, zone?: string) =>
  planBuckets(interval, parseBound('from', from), parseBound('to', to), zone).starts

/** Around changes of clocks. */
const CHANGES = [
  // At 00:01.
  ['America/St_Johns', '2010-11-06T05:00:00Z'],
  ['America/St_Johns', '2011-03-12T00:00:00Z'],
  // By 44 minutes and 30 seconds.
  ['Africa/Monrovia', '1972-01-06T00:00:00Z'],
  // By a day.
  ['Pacific/Apia', '2011-12-29T00:00:00Z'],
  // From midnight, and back to midnight.
  ['America/Havana', '2026-03-07T12:00:00Z'],
  ['America/Havana', '2026-10-31T12:00:00Z'],
  // For Ramadan.
  ['Africa/Casablanca', '2026-02-14T00:00:00Z'],
  ['Asia/Kathmandu', '2026-11-01T07:11:12Z'],
] as const

/** The intervals' starts as somebody sees them who looks at the clock on the wall every half minute, and at the calendar. */
function lookAtTheClock(from: string, to: string, zone: string): Record<Interval, string[]> {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  const found: Record<Interval, number[]> = { '1h': [], '6h': [], '1d': [], '1w': [] }
  const newest: Record<Interval, string> = { '1h': '', '6h': '', '1d': '', '1w': '' }
  let ahead = NaN
  // A week may have begun seven days before.
  for (let ms = Math.floor(Date.parse(from) / 30_000) * 30_000 - 9 * 86_400_000; ms < Date.parse(to); ms += 30_000) {
    const wall = format.format(ms)
    const day = wall.slice(0, 10)
    const monday = new Date(Date.parse(day) - ((new Date(day).getUTCDay() + 6) % 7) * 86_400_000).toISOString()
    const quarter = Math.floor(Number(wall.slice(11, 13)) / 6)
    const names = { '1h': wall.slice(0, 13), '6h': `${day} ${quarter}`, '1d': day, '1w': monday }
    const isTwice = Date.parse(`${wall.replace(' ', 'T')}Z`) - ms !== ahead && wall.endsWith(':00:00')
    ahead = Date.parse(`${wall.replace(' ', 'T')}Z`) - ms
    for (const interval of INTERVALS) {
      const name = names[interval]
      const isNew = interval === '1h' ? name !== newest[interval] || isTwice : name > newest[interval]
      if (!isNew) continue
      newest[interval] = name
      found[interval].push(ms)
    }
  }
  const shown = (times: readonly number[]) =>
    times
      .slice(times.findLastIndex((ms) => ms <= Date.parse(from)))
      .map((ms) => new Date(ms).toISOString().replace('.000', ''))
  return { '1h': shown(found['1h']), '6h': shown(found['6h']), '1d': shown(found['1d']), '1w': shown(found['1w']) }
}

describe('planBuckets', () => {
  it('begins with the interval that holds `from` and ends before `to`', () => {
    expect(starts('1h', '2026-11-01T00:59:59Z', '2026-11-01T02:00:00Z')).toEqual([
      '2026-11-01T00:00:00Z',
      '2026-11-01T01:00:00Z',
    ])
    expect(starts('1h', '2026-11-01T00:00:00Z', '2026-11-01T01:00:00.0000001Z')).toHaveLength(2)
    expect(starts('6h', '2026-11-01T07:00:00Z', '2026-11-01T12:00:00Z')).toEqual(['2026-11-01T06:00:00Z'])
  })

  it('begins weeks on Monday', () => {
    expect(starts('1w', '2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z')).toEqual([
      '2026-10-26T00:00:00Z',
      '2026-11-02T00:00:00Z',
    ])
    expect(starts('1w', '1970-01-08T00:00:00Z', '1970-01-09T00:00:00Z')).toEqual(['1970-01-05T00:00:00Z'])
  })

  it('gives the day on which clocks change 23 or 25 hours', () => {
    const days = starts('1d', '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z', 'Europe/Berlin').map(
      (start) => Date.parse(start) / 3_600_000,
    )
    expect(days.map((start, index) => start - (days[index - 1] ?? start))).toEqual([0, 24, 23])
  })

  it('follows a zone that skipped a day', () => {
    // Samoa had no 30 December 2011.
    const days = starts('1d', '2011-12-29T10:00:00Z', '2011-12-31T10:00:00Z', 'Pacific/Apia')
    expect(days[0]).toBe('2011-12-29T10:00:00Z')
    expect(days.at(-1)).toBe('2011-12-30T10:00:00Z')
  })

  it.each([
    ['Europe/Berlin', '2026-03-28T23:00:00Z', [5, 6, 6, 6]],
    ['Europe/Berlin', '2026-10-24T22:00:00Z', [7, 6, 6, 6]],
    ['America/New_York', '2026-11-01T04:00:00Z', [7, 6, 6, 6]],
    ['Asia/Kolkata', '2026-03-28T18:30:00Z', [6, 6, 6, 6]],
    ['Australia/Lord_Howe', '2026-04-04T13:00:00Z', [6.5, 6, 6, 6]],
    // Clocks go forward at midnight: the quarter begins at 01:00.
    ['America/Santiago', '2026-09-06T04:00:00Z', [5, 6, 6, 6]],
    // Clocks go back from 24:00 to 23:00.
    ['America/Santiago', '2026-04-04T21:00:00Z', [7, 6, 6, 6]],
  ] as const)('divides a day of %s from %s into quarters of the wall clock', (zone, midnight, hours) => {
    const from = Date.parse(midnight) + 3_600_000
    const begins = starts('6h', new Date(from).toISOString(), new Date(from + 24 * 3_600_000).toISOString(), zone)
    expect(begins[0]).toBe(midnight)
    const lengths = begins.slice(1).map((start, index) => (Date.parse(start) - Date.parse(begins[index]!)) / 3_600_000)
    expect(lengths).toEqual(hours.slice(0, lengths.length))
    expect(lengths.length).toBeGreaterThanOrEqual(3)
  })

  it('counts hours of the clock on the wall, and the hour that comes twice as two', () => {
    const minutes = (zone: string, from: string, to: string) =>
      starts('1h', from, to, zone).map((at) => at.slice(11, 16))
    expect(minutes('Asia/Kathmandu', '2026-11-01T00:00:00Z', '2026-11-01T02:00:00Z')).toEqual([
      '23:15',
      '00:15',
      '01:15',
    ])
    expect(minutes('Europe/Berlin', '2026-10-25T00:00:00Z', '2026-10-25T03:00:00Z')).toEqual([
      '00:00',
      '01:00',
      '02:00',
    ])
    expect(minutes('Australia/Lord_Howe', '2026-04-04T14:00:00Z', '2026-04-04T17:00:00Z')).toEqual([
      '14:00',
      '15:00',
      '15:30',
      '16:30',
    ])
  })

  it.each(CHANGES)('agrees with somebody who looks at the clock in %s from %s', (zone, from) => {
    const to = new Date(Date.parse(from) + 3 * 86_400_000).toISOString().replace('.000', '')
    const seen = lookAtTheClock(from, to, zone)
    for (const interval of INTERVALS) expect(starts(interval, from, to, zone), interval).toEqual(seen[interval])
  })

  it.each(['Mars', "x'", ''])('refuses the zone %j', (zone) => {
    expect(() => starts('1d', '2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z', zone)).toThrow(/time_zone/)
  })
})
