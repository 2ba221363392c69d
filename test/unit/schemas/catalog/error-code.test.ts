import { describe, expect, it } from 'vitest'
import {
  canonicalCode,
  codeSeverity,
  formatErrorCode,
  isErrorCode,
  isTokenBrokerCode,
  parseErrorCode,
  parseErrorCodes,
} from '../../../../schemas/catalog/error-code.ts'

describe('parseErrorCode', () => {
  it.each([
    ['0xCAA5001C', 0xcaa5001c],
    ['0xcaa5001c', 0xcaa5001c],
    ['0XCAA5001C', 0xcaa5001c],
    ['CAA5001C', 0xcaa5001c],
    ['caa5001c', 0xcaa5001c],
    ['3399811100', 0xcaa5001c],
    ['-895156196', 0xcaa5001c],
    ['\u2212895156196', 0xcaa5001c],
    ['  0xCAA5001C\r\n', 0xcaa5001c],
    ['0x80070533L', 0x80070533],
    ['80070533', 0x80070533],
    ['2147943731', 0x80070533],
    ['-2147023565', 0x80070533],
    ['0xffffffff80070533', 0x80070533],
    ['0x0000000080070533', 0x80070533],
    ['0x5', 5],
    ['0', 0],
    ['-0', 0],
    ['00000000', 0],
    ['12007', 12007],
    ['4294967295', 0xffffffff],
    ['-2147483648', 0x80000000],
    ['-1', 0xffffffff],
    ['00000520', 0x520],
    ['40000000', 0x40000000],
    ['ERROR (0xd0020017)', 0xd0020017],
    ['FAIL [0x801c0021/0x80072ee2]', 0x801c0021],
    ['0x801c0021/0x80072ee2', 0x801c0021],
    ['Error: -2146959355 (0x80080005)', 0x80080005],
  ])('reads %j', (text, code) => {
    expect(parseErrorCode(text)).toBe(code)
  })

  it.each([
    ['12345678', 12345678],
    ['21474836', 21474836],
    ['99999999', 99999999],
  ])('reads eight digits %j as decimal, since no error code begins like that', (text, code) => {
    expect(parseErrorCode(text)).toBe(code)
  })

  it.each([
    '',
    ' ',
    '-',
    '+5',
    '--5',
    '0x',
    '0xG0070533',
    '0x-5',
    '0x1CAA5001C',
    '0x7fffffff80070533',
    '0xfffffffe80070533',
    'CAA5001',
    'CAA5001C0',
    '2EE7',
    '4294967296',
    '-2147483649',
    '99999999999999999999',
    '1e9',
    '3.5',
    '3,399,811,100',
    'Infinity',
    'NaN',
    'AADSTS50076',
    '0xCAA5001C 0x80070005',
    '0x80070005/0x80070005/0x80070005',
    '0x80070005/',
    '/0x80070005',
    '[]',
    '00007FF701A2A8C2',
    '{b16898c6-a148-4967-9171-64d755da8520}',
    '\u0000',
    '80070533\u00008',
    '８００７０５３３',
  ])('finds no code in %j', (text) => {
    expect(parseErrorCode(text)).toBeUndefined()
  })

  it('answers at once for a text of megabytes', () => {
    const texts = ['9'.repeat(5_000_000), '['.repeat(1_000_000) + '0x80070005', `ERROR (${' '.repeat(5_000_000)}0x5)`]
    expect(texts.map(parseErrorCode)).toEqual([undefined, undefined, undefined])
  })

  it('gives both codes of a pair, the outer one first', () => {
    expect(parseErrorCodes('FAIL [0x801c0021/0x80072ee2]')).toEqual([0x801c0021, 0x80072ee2])
  })

  it('reads back what formatErrorCode writes, for numbers all over the range', () => {
    for (let step = 0; step < 20_000; step++) {
      const code = (step * 2_654_435_761) >>> 0
      expect(parseErrorCode(formatErrorCode(code))).toBe(code)
      const decimal = String(code | 0)
      if (!/^[048]\d{7}$/.test(decimal)) expect(parseErrorCode(decimal)).toBe(code)
    }
  })
})

describe('formatErrorCode', () => {
  it.each([
    [0, '0x00000000'],
    [5, '0x00000005'],
    [0xcaa5001c, '0xCAA5001C'],
    [-895156196, '0xCAA5001C'],
    [0xffffffff, '0xFFFFFFFF'],
  ])('writes %d as %s', (code, text) => {
    expect(formatErrorCode(code)).toBe(text)
  })
})

describe('canonicalCode', () => {
  it.each([
    [0xd0020017, 0xc0020017],
    [0xd000006d, 0xc000006d],
    [0x800484c1, 0xc00484c1],
    [0x80048512, 0xc0048512],
    [0xd00484c1, 0xc00484c1],
    [-2147187519, 0xc00484c1],
    [0x80048600, 0x80048600],
    [0x800483ff, 0x800483ff],
    [0x90000001, 0x90000001],
    [0xcaa82ee7, 0xcaa82ee7],
    [0x80072ee7, 0x80072ee7],
    [0, 0],
  ])('folds %d to %d', (code, canonical) => {
    expect(canonicalCode(code)).toBe(canonical)
    expect(canonicalCode(canonical)).toBe(canonical)
  })

  it('gives the canonical spelling of a text, undefined when it is no code', () => {
    expect(canonicalCode('-2147187519')).toBe('0xC00484C1')
    expect(canonicalCode('d0020017')).toBe('0xC0020017')
    expect(canonicalCode('nothing')).toBeUndefined()
  })
})

describe('severity', () => {
  it.each([
    [0, 'success'],
    [1, 'success'],
    [2, 'error'],
    [0x520, 'error'],
    [0x2ee7, 'error'],
    [0x00040000, 'success'],
    [0x4aa9000a, 'informational'],
    [0x8aa500db, 'warning'],
    [0xcaa90004, 'error'],
    [0x0aa10001, 'success'],
    [0x80070005, 'error'],
    [0xc000006d, 'error'],
    [0xd0020017, 'error'],
  ] as const)('of %d is %s', (code, severity) => {
    expect(codeSeverity(code)).toBe(severity)
    expect(isErrorCode(code)).toBe(severity === 'error')
  })

  it('takes only the facilities 0xAA1 to 0xAAA for the token broker', () => {
    expect([0xcaa1_0000, 0xcaaa_ffff, 0x8aa5_00db].map(isTokenBrokerCode)).toEqual([true, true, true])
    expect([0xcaa0_0001, 0xcaab_0001, 0xdaa5_0001, 0xeaa5_0001].map(isTokenBrokerCode)).toEqual([
      false,
      false,
      false,
      false,
    ])
  })
})
