import { describe, expect, it } from 'vitest'
import { VALUE } from '../../../../../collectors/formats/evtx/layout.ts'
import { bare, element, type Value } from '../../../../support/evtx-writer/nodes.ts'
import { readBack } from '../../../../support/evtx-writer/read-back.ts'
import * as value from '../../../../support/evtx-writer/values.ts'
import { eventData, windowsEvent } from '../../../../support/evtx-writer/windows-templates.ts'

const TEMPLATE = '10000001-0000-4000-8000-000000000000'

/** The one field `x` of an event whose field has this value. */
async function printed(content: Value): Promise<Record<string, string>> {
  const { events, rejects, damage } = await readBack(windowsEvent(1n, eventData(TEMPLATE, { x: content })))
  expect({ rejects, damage }).toEqual({ rejects: [], damage: [] })
  return events[0]?.data ?? {}
}

const GUID = 'a732cd2e-376a-0002-3b37-3da76a37db01'

const scalars: readonly (readonly [string, Value, string])[] = [
  ['null', value.nothing, ''],
  ['string', value.string('Token broker'), 'Token broker'],
  ['empty string', value.string(''), ''],
  ['string with its zero', value.terminatedString('x'), 'x'],
  ['string with text behind a zero', value.string('seen\0unseen'), 'seen'],
  ['string of Latin-1', value.string('Gerät ÿ'), 'Gerät ÿ'],
  ['string beyond Latin-1', value.string('設定 € 😀'), '設定 € 😀'],
  ['string that turns wide late', value.string(`${'a'.repeat(300)}€`), `${'a'.repeat(300)}€`],
  ['string with half a surrogate pair', value.string('a\ud800b'), 'a\ufffdb'],
  ['string of odd length', { type: VALUE.string, content: Buffer.from('a\0b', 'latin1') }, 'a'],
  ['ansiString', value.ansiString(Buffer.from('abc\xe4\0x', 'latin1')), 'abcä'],
  ['ansiString in the gap between Latin-1 and Windows-1252', value.ansiString(Uint8Array.of(0x80, 0x41)), '€A'],
  ['int8', value.int8(-128), '-128'],
  ['uint8', value.uint8(255), '255'],
  ['int16', value.int16(-32768), '-32768'],
  ['uint16', value.uint16(65535), '65535'],
  ['int32', value.int32(-2147483648), '-2147483648'],
  ['uint32', value.uint32(3399811100), '3399811100'],
  ['int64 least', value.int64(-(1n << 63n)), '-9223372036854775808'],
  ['int64 -1', value.int64(-1n), '-1'],
  ['int64 with a zero low half', value.int64(-(1n << 32n)), '-4294967296'],
  ['int64 most', value.int64((1n << 63n) - 1n), '9223372036854775807'],
  ['uint64 most', value.uint64((1n << 64n) - 1n), '18446744073709551615'],
  ['uint64 with zeros inside', value.uint64(10000000000000000001n), '10000000000000000001'],
  ['uint64 beyond a double', value.uint64((1n << 53n) + 1n), '9007199254740993'],
  ['uint64 of 2^32', value.uint64(1n << 32n), '4294967296'],
  ['float', value.float(0.1), '0.1'],
  ['float of nine digits', value.float(16777217.5), '16777218'],
  ['float infinite', value.float(-Infinity), '-INF'],
  ['double', value.double(1.5e-300), '1.5e-300'],
  ['double not a number', value.double(Number.NaN), 'NaN'],
  ['double negative zero', value.double(-0), '-0'],
  ['bool true', value.bool(true), 'true'],
  ['bool false', value.bool(false), 'false'],
  ['binary', value.binary(Uint8Array.of(0, 0x1f, 0xab, 0xff)), '001FABFF'],
  ['binary empty', value.binary(Uint8Array.of()), ''],
  ['guid', value.guid(GUID), '{A732CD2E-376A-0002-3B37-3DA76A37DB01}'],
  ['sizet of 32 bits', value.size32(0x2a), '0x2a'],
  ['sizet of 64 bits', value.size64(0x7ffabcdn), '0x7ffabcd'],
  ['filetime', value.filetime(133761565236949841n), '2024-11-15T15:02:03.6949841Z'],
  ['filetime zero', value.filetime(0n), '1601-01-01T00:00:00.0000000Z'],
  ['filetime at the end of 9999', value.filetime(2650467743999999999n), '9999-12-31T23:59:59.9999999Z'],
  ['filetime after 9999', value.filetime(2650467744000000000n), '2650467744000000000'],
  ['systemtime', value.systemtime(2024, 11, 5, 15, 1, 2, 3, 4), '2024-11-15T01:02:03.004Z'],
  ['sid', value.sid(5n, 21, 1000000001, 4294967295), 'S-1-5-21-1000000001-4294967295'],
  ['sid with a large authority', value.sid(0x0123456789abn, 1), 'S-1-0x123456789ab-1'],
  ['sid without sub-authorities', value.sid(0n), 'S-1-0'],
  ['hexInt32', value.hexInt32(0xcaa5001c), '0xcaa5001c'],
  ['hexInt32 zero', value.hexInt32(0), '0x0'],
  ['hexInt64', value.hexInt64(0x3e7n), '0x3e7'],
  ['hexInt64 beyond 32 bits', value.hexInt64(0x10000000fn), '0x10000000f'],
  ['hexInt64 full', value.hexInt64(0x8020000000000000n), '0x8020000000000000'],
  ['evtHandle', value.evtHandle(0x10n), '0x10'],
  ['evtXml of text', value.evtXml('<a>1</a>'), '<a>1</a>'],
  ['an unknown type, as binary', { type: 0x30, content: Buffer.of(1, 2) }, '0102'],
]

describe('a value is printed as Windows prints it', () => {
  it.each(scalars)('%s', async (_name, content, text) => {
    expect(await printed(content)).toEqual({ x: text })
  })

  it.each(Array.from({ length: 64 }, (_, bit) => [bit, 1n << BigInt(bit), (1n << BigInt(bit)) - 1n] as const))(
    'every digit of 64-bit numbers, around bit %i',
    async (_bit, power, below) => {
      expect(await printed(value.uint64(power))).toEqual({ x: power.toString() })
      expect(await printed(value.uint64(below))).toEqual({ x: below.toString() })
      expect(await printed(value.hexInt64(power))).toEqual({ x: `0x${power.toString(16)}` })
      expect(await printed(value.int64(-below))).toEqual({ x: (-below).toString() })
    },
  )
})

const arrays: readonly (readonly [string, Value, readonly string[]])[] = [
  ['string', value.array(VALUE.string, ['a', '', 'é€'].map(value.string)), ['a', '', 'é€']],
  ['string without a last zero', { type: VALUE.string | 0x80, content: Buffer.from('a\0b', 'utf16le') }, ['a', 'b']],
  [
    'ansiString',
    value.array(VALUE.ansiString, [Buffer.from('ab'), Buffer.from('c')].map(value.ansiString)),
    ['ab', 'c'],
  ],
  ['int8', value.array(VALUE.int8, [value.int8(-1), value.int8(2)]), ['-1', '2']],
  ['uint8', value.array(VALUE.uint8, [value.uint8(1), value.uint8(255)]), ['1', '255']],
  ['int16', value.array(VALUE.int16, [value.int16(-1), value.int16(2)]), ['-1', '2']],
  ['uint16', value.array(VALUE.uint16, [value.uint16(1), value.uint16(65535)]), ['1', '65535']],
  ['int32', value.array(VALUE.int32, [value.int32(-1), value.int32(2)]), ['-1', '2']],
  ['uint32', value.array(VALUE.uint32, [value.uint32(1), value.uint32(2)]), ['1', '2']],
  ['int64', value.array(VALUE.int64, [value.int64(-1n), value.int64(2n)]), ['-1', '2']],
  ['uint64', value.array(VALUE.uint64, [value.uint64(1n), value.uint64(2n)]), ['1', '2']],
  ['float', value.array(VALUE.float, [value.float(0.5), value.float(2)]), ['0.5', '2']],
  ['double', value.array(VALUE.double, [value.double(0.25), value.double(2)]), ['0.25', '2']],
  ['bool', value.array(VALUE.bool, [value.bool(true), value.bool(false)]), ['true', 'false']],
  ['guid', value.array(VALUE.guid, [value.guid(GUID)]), ['{A732CD2E-376A-0002-3B37-3DA76A37DB01}']],
  ['sizet', value.array(VALUE.sizet, [value.size64(1n), value.size64(2n)]), ['0x1', '0x2']],
  ['filetime', value.array(VALUE.filetime, [value.filetime(0n)]), ['1601-01-01T00:00:00.0000000Z']],
  ['systemtime', value.array(VALUE.systemtime, [value.systemtime(2024, 1, 1, 1)]), ['2024-01-01T00:00:00.000Z']],
  ['sid', value.array(VALUE.sid, [value.sid(5n, 18), value.sid(5n, 21, 7)]), ['S-1-5-18', 'S-1-5-21-7']],
  ['hexInt32', value.array(VALUE.hexInt32, [value.hexInt32(10), value.hexInt32(11)]), ['0xa', '0xb']],
  ['hexInt64', value.array(VALUE.hexInt64, [value.hexInt64(10n), value.hexInt64(11n)]), ['0xa', '0xb']],
  ['an empty one', value.array(VALUE.uint32, []), ['']],
]

describe('an array repeats its field, once an item', () => {
  it.each(arrays)('%s', async (_name, content, items) => {
    const expected = items.map((item, index) => [index === 0 ? 'x' : `x#${index + 1}`, item])
    expect(await printed(content)).toEqual(Object.fromEntries(expected))
  })
})

describe('a value of a size that its type cannot have', () => {
  const broken: readonly (readonly [string, number, number])[] = [
    ['uint32', VALUE.uint32, 3],
    ['int64', VALUE.int64, 7],
    ['guid', VALUE.guid, 15],
    ['filetime', VALUE.filetime, 4],
    ['systemtime', VALUE.systemtime, 8],
    ['sid', VALUE.sid, 11],
    ['double', VALUE.double, 5],
    ['bool', VALUE.bool, 2],
    ['hexInt64', VALUE.hexInt64, 9],
    ['an array of guid', VALUE.guid | 0x80, 17],
    ['an array of sid', VALUE.sid | 0x80, 9],
    ['an array of binary, which no file can have', VALUE.binary | 0x80, 4],
  ]
  it.each(broken)('%s: the event is kept and its data reported', async (_name, type, size) => {
    const spoilt = windowsEvent(
      1n,
      eventData(TEMPLATE, { a: value.uint8(1), x: { type, content: Buffer.alloc(size, 1) } }),
    )
    const { events, damage } = await readBack(spoilt, windowsEvent(2n, null))
    expect(events.map((event) => event.record_id)).toEqual(['1', '2'])
    expect(damage).toHaveLength(1)
    expect(damage[0]?.reason).toMatch(/the event was kept, but not all of its data could be read: .*cannot have/)
  })

  it('in the System part makes the record unreadable', async () => {
    const { events, damage } = await readBack(
      windowsEvent(1n, null, { user_sid: { type: VALUE.sid, content: Buffer.of(1, 9, 0, 0) } }),
      windowsEvent(2n, null),
    )
    expect(events.map((event) => event.record_id)).toEqual(['2'])
    expect(damage.map((item) => item.reason)).toEqual(['a value of type 0x13 cannot have 4 bytes'])
  })
})

it('a bare element without any template is read too', async () => {
  const system = element('System', {}, [
    element('Provider', { Name: 'P' }),
    element('EventID', {}, ['7']),
    element('TimeCreated', { SystemTime: '2024-11-15T15:02:03.694Z' }),
    element('Computer', {}, ['PC']),
  ])
  const { events, damage } = await readBack(bare(element('Event', {}, [system])))
  expect(damage).toEqual([])
  expect(events[0]).toMatchObject({
    computer: 'pc',
    provider: 'P',
    event_id: 7,
    occurred_at: '2024-11-15T15:02:03.694Z',
  })
})
