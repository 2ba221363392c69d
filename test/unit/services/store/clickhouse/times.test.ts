import { describe, expect, it } from 'vitest'
import { parseBound, parseInstant } from '../../../../../services/store/clickhouse/times.ts'

describe('an instant', () => {
  it('has the second and the ticks of 100 ns, whatever the number of digits', () => {
    const second = Date.UTC(2024, 10, 15, 15, 2, 3) / 1000
    const digits = '6949840'
    for (let count = 1; count <= 7; count++) {
      const text = `2024-11-15T15:02:03.${digits.slice(0, count)}Z`
      expect(parseInstant(text), text).toEqual({ second, fraction: Number(digits.slice(0, count).padEnd(7, '0')) })
    }
    expect(parseInstant('2024-11-15T15:02:03Z')).toEqual({ second, fraction: 0 })
    expect(parseInstant('2024-11-15T15:02:03.123456789Z')).toEqual({ second, fraction: 1_234_567 })
    expect(parseInstant('2024-11-15 15:02:03.5+00:00')).toEqual({ second, fraction: 5_000_000 })
  })

  it('agrees with Date on every day from 1970 to 2106', () => {
    for (let day = 0; day < 49_710; day++) {
      const text = new Date(day * 86_400_000).toISOString()
      expect(parseInstant(text)?.second).toBe(day * 86_400)
    }
  })

  it('is none outside 1970 to 2106', () => {
    expect(parseInstant('2106-02-07T06:28:15.9999999Z')).toEqual({ second: 4_294_967_295, fraction: 9_999_999 })
    expect(parseInstant('2106-02-07T06:28:16Z')).toBeUndefined()
    expect(parseInstant('1969-12-31T23:59:59Z')).toBeUndefined()
    expect(parseInstant('9999-12-31T23:59:59.9999999Z')).toBeUndefined()
  })

  it.each([
    '',
    '2024-11-15',
    '2024-11-15T15:02:03',
    '2024-11-15T15:02:03.Z',
    '2024-11-15T15:02:03.694984xZ',
    '2024-11-15T15:02:03.6949840+01:00',
    '2024-11-15x15:02:03Z',
    '2024/11/15T15:02:03Z',
    '2024-11-15T15.02.03Z',
    '2024-11-15T15:02:03,6949840Z',
    '2023-02-29T00:00:00Z',
    '2100-02-29T00:00:00.1234567Z',
    '2024-04-31T00:00:00.000Z',
    '2024-04-31 00:00:00+00:00',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
  ])('is none in %j', (text) => {
    expect(parseInstant(text)).toBeUndefined()
  })

  it('is a bound in ClickHouse’s own spelling, or a refusal that names the parameter', () => {
    expect(parseBound('from', '2024-11-15T15:02:03.5Z').text).toBe('2024-11-15 15:02:03.5000000')
    expect(() => parseBound('from', '2024-02-30T00:00:00Z')).toThrow(/^from must be a UTC time/)
  })
})
