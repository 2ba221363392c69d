import { describe, expect, it } from 'vitest'
import { parseTypedCode } from '../../../../services/processor/classify/typed-codes.ts'

describe('parseTypedCode', () => {
  it('reads every 32-bit number in every rendering of the manifests', () => {
    for (let number = 0; number <= 0xffffffff; number += 65_521 * 7) {
      expect(parseTypedCode(String(number))).toBe(number)
      expect(parseTypedCode(String(number | 0))).toBe(number)
      expect(parseTypedCode(`0x${number.toString(16)}`)).toBe(number)
      expect(parseTypedCode(`0X${number.toString(16).toUpperCase().padStart(8, '0')}`)).toBe(number)
    }
  })

  it.each([
    ['4294967295', 0xffffffff],
    ['-1', 0xffffffff],
    ['-2147483648', 0x80000000],
    ['0x0', 0],
    ['-0', 0],
    ['80070533', 80070533],
  ])('%s', (text, number) => {
    expect(parseTypedCode(text)).toBe(number)
  })

  it.each([
    '',
    '-',
    '0x',
    '0xg',
    '0x:',
    '0x800705331',
    '4294967296',
    '-2147483649',
    '99999999999',
    '1.5',
    '1e3',
    ' 1',
    '1 ',
    '+1',
    'CAA5001C',
    'invalid_grant',
    '٣',
    '--1',
    '0x-1',
    '0x801c0021/0x80072ee2',
  ])('no number: "%s"', (text) => {
    expect(parseTypedCode(text)).toBeUndefined()
  })
})
