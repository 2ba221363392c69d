import { describe, expect, it } from 'vitest'
import { encodeRow } from '../../../../services/store/clickhouse/encode-row.ts'
import {
  clearRows,
  takeRows,
  writeGuid,
  writeKey,
  writeString,
  writeTicks,
  writeUInt64,
  writeVarUInt,
} from '../../../../services/store/clickhouse/row-writer.ts'
import { createRandom } from '../../../support/seeded-random.ts'
import { eventRow } from '../../../support/classified-event.ts'

function written(write: () => void): Buffer {
  clearRows()
  write()
  return takeRows()
}

describe('RowBinary', () => {
  it.each([
    '',
    'a',
    'x'.repeat(40),
    'x'.repeat(41),
    'x'.repeat(127),
    'é',
    '\u007f\u0080',
    '€'.repeat(42),
    '😀'.repeat(3000),
    '\ud800',
    'z'.repeat(2_100_000),
  ])('writes text of any length as its UTF-8 with the length before it', (text) => {
    const utf8 = Buffer.from(text)
    const bytes = written(() => writeString(text))
    const prefix = written(() => writeVarUInt(utf8.length))
    expect(bytes.equals(Buffer.concat([prefix, utf8]))).toBe(true)
  })

  it.each(['0', '1', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551615'])(
    'writes the 64-bit number %s exactly',
    (text) => {
      expect(written(() => writeUInt64(text)).readBigUInt64LE()).toBe(BigInt(text))
    },
  )

  it('refuses a number beyond 64 bits', () => {
    expect(() => written(() => writeUInt64('18446744073709551616'))).toThrow(RangeError)
  })

  it('writes ticks exactly, beyond 2^53 and below zero', () => {
    const random = createRandom(3)
    for (let round = 0; round < 2000; round++) {
      const second = Math.floor((random() - 0.5) * 2 * 4_294_967_295)
      const fraction = Math.floor(random() * 10_000_000)
      expect(written(() => writeTicks(second, fraction)).readBigInt64LE()).toBe(
        BigInt(second) * 10_000_000n + BigInt(fraction),
      )
    }
  })

  it('writes a key as its sixteen bytes and a GUID as two little-endian halves', () => {
    expect(written(() => writeKey('00ff10a9b8c7d6e5f40123456789abcd')).toString('hex')).toBe(
      '00ff10a9b8c7d6e5f40123456789abcd',
    )
    expect(written(() => writeGuid('61f0c404-5cb3-11e7-907b-a6006ad3dba0')).toString('hex')).toBe(
      'e711b35c04c4f061a0dbd36a00a67b90',
    )
    expect(written(() => writeGuid('{61f0c404-5cb3-11e7-907b-a6006ad3dba0}')).toString('hex')).toBe('0'.repeat(32))
  })

  it('leaves nothing of a row behind in the next one', () => {
    const row = eventRow('same')
    const first = encodeRow(row)
    encodeRow(eventRow('other', { message: 'x'.repeat(3_000_000) }))
    expect(Buffer.compare(encodeRow(row), first)).toBe(0)
  })
})
