import { describe, expect, it } from 'vitest'
import { planBuckets } from '../../../../services/store/clickhouse/buckets.ts'
import { parseBound } from '../../../../services/store/clickhouse/times.ts'

const starts = (interval: '1h' | '6h' | '1d' | '1w', from: string, to: string, zone?: string) =>
  planBuckets(interval, parseBound('from', from), parseBound('to', to), zone).starts

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

  it.each(['Mars', "x'", ''])('refuses the zone %j', (zone) => {
    expect(() => starts('1d', '2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z', zone)).toThrow(/time_zone/)
  })
})
