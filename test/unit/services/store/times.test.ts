import { describe, expect, it } from 'vitest'
import { parseBound, parseInstant, secondToIso } from '../../../../services/store/clickhouse/times.ts'
import { createRandom } from '../../../support/seeded-random.ts'

describe('parseInstant', () => {
  it('agrees with Date on every day of the calendar', () => {
    const random = createRandom(5)
    for (let second = 0; second < 4_294_967_295; second += Math.floor(random() * 200_000)) {
      const text = `${secondToIso(second).slice(0, 19)}.1234567Z`
      expect(parseInstant(text)).toEqual({ second, fraction: 1_234_567 })
    }
  })

  it.each([
    ['2024-11-15T15:02:03Z', 0],
    ['2024-11-15T15:02:03.6Z', 6_000_000],
    ['2024-11-15T15:02:03.694984012Z', 6_949_840],
    ['2024-11-15 15:02:03.694+00:00', 6_940_000],
  ])('reads %s', (text, fraction) => {
    expect(parseInstant(text)).toEqual({ second: Date.parse('2024-11-15T15:02:03Z') / 1000, fraction })
  })

  it.each([
    '',
    'now',
    '2024-11-15',
    '1969-12-31T23:59:59.0000000Z',
    '2106-02-07T06:28:16.0000000Z',
    '9999-12-31T23:59:59.9999999Z',
    '2024-13-01T00:00:00.0000000Z',
    '2024-11-15T25:00:00Z',
    '2024-11-15T15:02:03.69498 0Z',
    '2024-11-15T15:02:03+01:00',
  ])('does not read %j', (text) => {
    expect(parseInstant(text)).toBeUndefined()
  })
})

describe('parseBound', () => {
  it('gives the text that ClickHouse takes', () => {
    expect(parseBound('from', '2026-11-01T00:00:00.5Z').text).toBe('2026-11-01 00:00:00.5000000')
  })
  it('names the parameter that is wrong', () => {
    expect(() => parseBound('from', 'x')).toThrow(/^from must be a UTC time/)
  })
})
