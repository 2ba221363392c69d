import { afterEach, describe, expect, it } from 'vitest'
import {
  clearRows,
  rowsLength,
  takeRows,
  writeGuid,
  writeKey,
  writeNoGuid,
  writeNullableString,
  writeString,
  writeTicks,
  writeUInt64,
  writeVarUInt,
} from '../../../../../services/store/clickhouse/row-writer.ts'

afterEach(clearRows)

/** RowBinary's string: its length in bytes as a base-128 number, then UTF-8. */
function readString(bytes: Buffer): { readonly text: string; readonly rest: number } {
  let length = 0
  let at = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0
    length += (byte & 127) << shift
    if (byte < 128) break
  }
  return { text: bytes.toString('utf8', at, at + length), rest: bytes.length - at - length }
}

describe('the row writer', () => {
  it('writes strings of every length and script', () => {
    for (const sign of ['a', 'ä', '€', '😀', '\0']) {
      for (const length of [
        0, 1, 15, 16, 17, 40, 41, 42, 43, 63, 64, 127, 128, 129, 5461, 5462, 16_383, 16_384, 700_000,
      ]) {
        for (const text of [sign.repeat(length), `${'x'.repeat(length)}${sign}`]) {
          writeString(text)
          expect(readString(takeRows())).toEqual({ text, rest: 0 })
        }
      }
    }
  })

  it('writes half a surrogate pair as U+FFFD, in short strings and long ones', () => {
    for (const text of ['\ud83d', `${'a'.repeat(50)}\udc00b`]) {
      writeString(text)
      expect(readString(takeRows())).toEqual({ text: text.toWellFormed(), rest: 0 })
    }
  })

  it('keeps what was written before when the buffer grows', () => {
    for (let round = 0; round < 60; round++) writeString('x'.repeat(70_000))
    const bytes = takeRows()
    expect(bytes.length).toBe(60 * 70_003)
    expect(bytes.subarray(59 * 70_003 + 3).every((byte) => byte === 0x78)).toBe(true)
    expect(rowsLength()).toBe(0)
  })

  it('writes null and empty apart', () => {
    writeNullableString(null)
    writeNullableString('')
    expect([...takeRows()]).toEqual([1, 0, 0])
  })

  it('writes every 64-bit number exactly', () => {
    const edges = [
      0n,
      1n,
      999_999n,
      1_000_000n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n + 1n,
      10n ** 18n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]
    let random = 88_172_645_463_325_252n
    for (let count = 0; count < 500; count++) {
      random = BigInt.asUintN(64, random ^ (random << 13n))
      random ^= random >> 7n
      random = BigInt.asUintN(64, random ^ (random << 17n))
      edges.push(random >> BigInt(count % 64))
    }
    for (const number of edges) {
      writeUInt64(String(number))
      expect(takeRows().readBigUInt64LE()).toBe(number)
    }
  })

  it.each(['', '18446744073709551616', '99999999999999999999', '184467440737095516150', '-1', '1.5', '12345678x', 'x'])(
    'refuses %j as a 64-bit number and writes nothing',
    (text) => {
      expect(() => {
        writeUInt64(text)
      }).toThrow(RangeError)
      expect(rowsLength()).toBe(0)
    },
  )

  it('writes ticks of all years exactly, before 1970 too', () => {
    for (const second of [-4_294_967_296, -1, 0, 1, 65_535, 65_536, 1_731_682_923, 4_294_967_295]) {
      for (const fraction of [0, 1, 9_999_999]) {
        writeTicks(second, fraction)
        expect(takeRows().readBigInt64LE()).toBe(BigInt(second) * 10_000_000n + BigInt(fraction))
      }
    }
  })

  it('writes a key as its bytes', () => {
    const hex = '00ff0123456789abcdef9a0b1c2d3e4f'
    writeKey(hex)
    expect(takeRows().toString('hex')).toBe(hex)
  })

  it('writes a GUID as two little-endian halves', () => {
    expect(writeGuid('00112233-4455-6677-8899-aabbccddeeff')).toBe(true)
    expect(takeRows().toString('hex')).toBe('7766554433221100ffeeddccbbaa9988')
  })

  it.each([
    '',
    '00000000-0000-0000-0000-000000000000',
    '00112233-4455-6677-8899-AABBCCDDEEFF',
    '{0112233-4455-6677-8899-aabbccddeef}',
    '001122334455-6677-8899-aabbccddeeff0',
    '00112233-4455-6677-8899-aabbccddeefg',
    '00112233-4455-6677-8899-aabbccddeeff ',
    'Ā0112233-4455-6677-8899-aabbccddeeff',
  ])('writes zeros for %j, which is no GUID', (text) => {
    expect(writeGuid(text)).toBe(false)
    expect(takeRows().equals(Buffer.alloc(16))).toBe(true)
  })

  it('writes zeros for no GUID, also where other bytes stood', () => {
    writeString('x'.repeat(40))
    clearRows()
    writeNoGuid()
    expect(takeRows().equals(Buffer.alloc(16))).toBe(true)
  })

  it('writes lengths in base 128', () => {
    for (const [value, bytes] of [
      [0, [0]],
      [127, [127]],
      [128, [128, 1]],
      [16_384, [128, 128, 1]],
    ] as const) {
      writeVarUInt(value)
      expect([...takeRows()]).toEqual(bytes)
    }
  })
})
