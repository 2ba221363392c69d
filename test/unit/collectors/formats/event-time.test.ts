import { describe, expect, it } from 'vitest'
import { utcFromUnixNanos, utcTime } from '../../../../collectors/formats/event-time.ts'
import { isTimeZone } from '../../../../collectors/formats/zone-offset.ts'

describe('utcTime', () => {
  it.each([
    ['2024-11-15T15:02:03.6949840Z', '2024-11-15T15:02:03.6949840Z'],
    ['2024-11-15T15:02:03.694Z', '2024-11-15T15:02:03.694Z'],
    ['2024-11-15T15:02:03Z', '2024-11-15T15:02:03Z'],
    ['2022-04-15T15:28:08.898974199Z', '2022-04-15T15:28:08.8989741Z'],
    ['2024-11-15t15:02:03,5z', '2024-11-15T15:02:03.5Z'],
    ['2024-11-15 15:02:03 +0000', '2024-11-15T15:02:03Z'],
    ['2024-11-15 15:02:03 UTC', '2024-11-15T15:02:03Z'],
    ['2024-11-15T15:02:03.1234567+05:30', '2024-11-15T09:32:03.1234567Z'],
    ['2024-01-01T00:00:00.9-00:30', '2024-01-01T00:30:00.9Z'],
    ['2024-03-01T00:00:00+14', '2024-02-29T10:00:00Z'],
    ['1601-01-01T00:00:00.0000000Z', '1601-01-01T00:00:00.0000000Z'],
    ['9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.9999999Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00Z'],
  ])('reads %s as %s', (text, utc) => {
    expect(utcTime(text)).toBe(utc)
  })

  it.each([
    '',
    'yesterday',
    '2024-11-15',
    '2024-13-01T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '2024-11-15T24:00:00Z',
    '2024-11-15T23:60:00Z',
    '2024-11-15T23:59:60Z',
    '2024-11-15T15:02:03.Z',
    '2024-11-15T15:02:03.12a4567Z',
    '2024-11-15T15:02:03+19:00',
    '2024-11-15T15:02:03+01:75',
    '9999-12-31T23:59:59-01:00',
    '02024-11-15T15:02:03Z',
    '٢٠٢٤-11-15T15:02:03Z',
  ])('calls %j invalid', (text) => {
    expect(utcTime(text, 'Europe/Berlin')).toBe('invalid')
  })

  it('never assumes a zone', () => {
    expect(utcTime('2024-11-15 15:02:03')).toBe('no_zone')
  })

  it.each([
    // Winter, summer, half hours, and a zone whose offset had seconds.
    ['2024-01-15T12:00:00.5', 'Europe/Berlin', '2024-01-15T11:00:00.5Z'],
    ['2024-07-15 12:00:00', 'Europe/Berlin', '2024-07-15T10:00:00Z'],
    ['2024-07-15 12:00:00', 'Asia/Kolkata', '2024-07-15T06:30:00Z'],
    ['1601-01-01 00:00:00', 'UTC', '1601-01-01T00:00:00Z'],
    // Skipped: 02:30 does not exist on that day; read with the offset before.
    ['2024-03-31 02:30:00', 'Europe/Berlin', '2024-03-31T01:30:00Z'],
    ['2024-03-31 01:59:59', 'Europe/Berlin', '2024-03-31T00:59:59Z'],
    ['2024-03-31 03:00:00', 'Europe/Berlin', '2024-03-31T01:00:00Z'],
    // Twice: the first of the two.
    ['2024-10-27 02:30:00', 'Europe/Berlin', '2024-10-27T00:30:00Z'],
    ['2024-10-27 03:00:00', 'Europe/Berlin', '2024-10-27T02:00:00Z'],
    ['2024-11-03 01:30:00', 'America/New_York', '2024-11-03T05:30:00Z'],
    ['2024-03-10 02:30:00', 'America/New_York', '2024-03-10T07:30:00Z'],
    // A whole day that Samoa skipped.
    ['2011-12-29 12:00:00', 'Pacific/Apia', '2011-12-29T22:00:00Z'],
    ['2011-12-31 12:00:00', 'Pacific/Apia', '2011-12-30T22:00:00Z'],
  ])('reads %s in %s as %s', (text, zone, utc) => {
    expect(utcTime(text, zone)).toBe(utc)
  })

  it('agrees with the clock of the zone for every hour of a year', () => {
    const clock = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'Australia/Lord_Howe',
      dateStyle: 'short',
      timeStyle: 'medium',
    })
    for (let hour = 0; hour < 366 * 24; hour++) {
      const instant = Date.UTC(2024, 0, 1, hour, 15)
      const read = Date.parse(utcTime(clock.format(instant), 'Australia/Lord_Howe'))
      // Where the clock shows a time twice, the first is taken.
      expect([instant, instant - 1_800_000]).toContain(read)
    }
  })

  it('knows which zones there are', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true)
    expect(isTimeZone('Middle/Earth')).toBe(false)
  })
})

describe('utcFromUnixNanos', () => {
  it.each([
    ['1731682923694984000', '2024-11-15T15:02:03.6949840Z'],
    ['1731682923694984099', '2024-11-15T15:02:03.6949840Z'],
    ['1', '1970-01-01T00:00:00.0000000Z'],
    ['100', '1970-01-01T00:00:00.0000001Z'],
    ['18446744073709551615', '2554-07-21T23:34:33.7095516Z'],
    ['-1', 'invalid'],
    ['1e18', 'invalid'],
    ['', 'invalid'],
  ])('reads %j as %s', (nanos, utc) => {
    expect(utcFromUnixNanos(nanos)).toBe(utc)
  })
})
