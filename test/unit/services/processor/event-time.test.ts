import { describe, expect, it } from 'vitest'
import { parseEventTime } from '../../../../services/processor/steps/event-time.ts'

describe('parseEventTime', () => {
  it('agrees with Date on 20,000 moments from 1601 to 9999', () => {
    const from = Date.UTC(1601, 0, 1)
    const step = (Date.UTC(9999, 11, 31) - from) / 20_000
    for (let index = 0; index < 20_000; index++) {
      const text = new Date(Math.floor(from + index * step)).toISOString()
      expect(parseEventTime(text)?.second).toBe(Math.floor(Date.parse(text) / 1000))
    }
  })

  it.each([
    ['2024-11-15T15:02:03Z', 0, '2024-11-15T15:02:03.0000000Z'],
    ['2024-11-15T15:02:03.6Z', 1, '2024-11-15T15:02:03.6000000Z'],
    ['2024-11-15T15:02:03.694Z', 3, '2024-11-15T15:02:03.6940000Z'],
    ['2024-11-15T15:02:03.6949840Z', 7, '2024-11-15T15:02:03.6949840Z'],
    ['2024-02-29T23:59:59.9999999Z', 7, '2024-02-29T23:59:59.9999999Z'],
  ])('fills %s up to seven digits', (text, digits, full) => {
    expect(parseEventTime(text)).toMatchObject({ digits, full })
  })

  it.each([
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '2024-00-10T00:00:00Z',
    '2024-13-10T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:60Z',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00+01:00',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00.12345678Z',
    '2024-01-01T00:00:00.12x4567Z',
    '2024-01-01 00:00:00Z',
    '2024-1-01T000:00:00Z',
    '٢٠٢٤-01-01T00:00:00Z',
    '-024-01-01T00:00:00Z',
    '',
    'Z',
  ])('refuses %s', (text) => {
    expect(parseEventTime(text)).toBeUndefined()
  })
})
