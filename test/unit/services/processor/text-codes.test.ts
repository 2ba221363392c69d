import { describe, expect, it } from 'vitest'
import { findCodes, isPlausible } from '../../../../services/processor/classify/text-codes.ts'
import { fingerprintOf, parseTraceLines } from '../../../../services/processor/classify/trace-line.ts'

const known = new Set([0x80070533, 0xcaa5001c, 0xc000005f, 0x887a0005])
const hex = (text: string) => findCodes(text, (code) => known.has(code)).codes.map((code) => code.toString(16))
const TRACE =
  'shell\\roaming\\engine.cpp(990)\\SettingSyncHost.exe!00007FF701A2A8C2: (caller: 00007FF701A2A3D9) ReturnHr[PreRelease](17) tid(1060) 80070533 '

describe('codes in text', () => {
  it.each([
    ['Error: -2146959355 (0x80080005)', ['80080005']],
    ['Error: -895418359 (0xcaa10009), Description: x', ['caa10009']],
    ['Error: -895418359, Description: x', ['caa10009']],
    ['Error:-2147023565', ['80070533']],
    ['FAIL [0x801c0021/0x80072ee2]', ['801c0021', '80072ee2']],
    ['ERROR (0xd0020017)', ['d0020017']],
    ['0XCAA5001C', ['caa5001c']],
    ['hr=0x80070005L', ['80070005']],
    ['Log: 0xcaa5001c Token broker operation failed. 0xcaa5001c again', ['caa5001c']],
    ['80070533 This user', ['80070533']],
    ['fout: c000005f.', ['c000005f']],
    [`${TRACE}x`, ['80070533']],
    [`${TRACE}x Msg:[inner 0x80072EE7]`, ['80070533', '80072ee7']],
    [`before 0x80070005 ${TRACE}x`, ['80070005', '80070533']],
    [`${TRACE}eine Zeile\r\nzweite Zeile\r\n${TRACE.replace('80070533', '800704EC')}y`, ['80070533', '800704ec']],
    ['m.dll!6F3A1B2C: LogHr(3) tid(a18) C000005F x', ['c000005f']],
  ])('%s', (text, codes) => {
    expect(hex(text)).toEqual(codes)
  })

  it.each([
    ['an address of 64 bits', '00007FF701A2A8C2 0x00007FF701A2A8C2 0x8007053300000000'],
    ['an address behind a module', 'module.dll!0x80070533: SettingSync.dll!80070533: text'],
    ['an address of the caller', 'x(1)\\m!6F3A1B2C: (caller: 80070533) LogHr(1) tid(80070533) nothing'],
    ['a thread id', 'tid(80070533) tid(c000005f)'],
    ['a GUID', '80070533-1111-2222-3333-444455556666 {80070533-1111-2222-3333-80070533c000}'],
    ['a GUID in hex', '{0x80070533-1111'.replace('0x', '')],
    ['a date, a range, a version', '2026-11-20 1-2146959355 10.0-2146959355.1 a-2146959355'],
    ['flags and sizes', '0x80000000 0x00000001 0x7FFFFFFF 0x12345678 0xA0000001'],
    ['bare hex that nobody knows', '8F123456 80070534 CAFEBABE'],
    ['longer and shorter hex', '0x8007053 0x800705331 80070533F 8007053'],
    ['a word', 'Token broker operation failed, account disabled, throttled'],
    ['numbers of five digits', 'line: 65002, AADSTS without number, AADSTS1234'],
  ])('not %s', (_what, text) => {
    expect(findCodes(text, (code) => known.has(code))).toMatchObject({ codes: [], aadsts: [] })
  })

  it('finds Entra numbers of five to seven digits, in order, once each', () => {
    const text = 'AADSTS50076: x AADSTS500133. (AADSTS50076) AADSTS9999999 AADSTS12345678 xAADSTS53003'
    expect(findCodes(text, () => false).aadsts).toEqual([50076, 500133, 9999999, 53003])
  })

  it('takes an unusual facility only when the catalog knows the code', () => {
    expect(hex('0x887A0005')).toEqual(['887a0005'])
    expect(hex('0x887A0006')).toEqual([])
  })

  it('gives nothing for the success code', () => {
    expect(hex(`${TRACE.replace('80070533', '00000000')}x`)).toEqual([])
  })

  it('holds for any spelling of any plausible code, in any surroundings', () => {
    for (let code = 0x80070001; code < 0x80080000; code += 977) {
      const digits = code.toString(16)
      const spellings = [`0x${digits}`, `0x${digits.toUpperCase()}`, String(code | 0), `0X${digits}`]
      const around = ['%', ' (%) ', 'コード:%。', 'x=%;', '[%]', '\r\n%\r\n', '"% "']
      for (const spelling of spellings) {
        for (const frame of around) {
          // A decimal needs a separator before it; quotation marks are none.
          if (spelling.startsWith('-') && frame.startsWith('"')) continue
          expect([frame, spelling, hex(frame.replace('%', spelling))]).toEqual([
            frame,
            spelling,
            isPlausible(code) ? [digits] : [],
          ])
        }
      }
    }
  })
})

describe('hostile text', () => {
  const size = 10_000_000
  const filled = (part: string) => part.repeat(Math.ceil(size / part.length))
  it.each([
    ['zeros', '0'],
    ['0x', '0x'],
    ['hex', '0x8007053'],
    ['minus', '-'],
    ['decimals', '-214695935 '],
    ['AADSTS', 'AADSTS'],
    ['AADSTS numbers', 'AADSTS5007'],
    ['tid', ' tid('],
    ['tid with hex', ' tid(aaaaaaaaaaaaaaa'],
    ['trace lines', TRACE],
    ['trace lines in one line', 'f(1)\\m!0: LogHr(1) tid(1) 80070533 '],
    ['brackets', '(((('],
    ['module marks', '!!!!'],
    ['backslashes', ')\\(\\'],
    ['bare hex', '80070534 '],
    ['spaces', ' '],
    ['line feeds', '\n'],
  ])('ten megabytes of %s are searched in time that grows with the length', (_what, part) => {
    const text = filled(part)
    const found = findCodes(text, () => false) // anything quadratic would take hours
    expect(found.codes.length).toBeLessThanOrEqual(128)
    expect(found.traces.length).toBeLessThanOrEqual(64)
  })
})

describe('parseTraceLines', () => {
  it('takes a line apart', () => {
    expect(parseTraceLines(`${TRACE}text CallContext:[\\Sync]`)).toEqual([
      {
        at: TRACE.length - 9,
        hresult: 0x80070533,
        file: 'shell\\roaming\\engine.cpp',
        line: '990',
        module: 'SettingSyncHost.exe',
        kind: 'ReturnHr',
      },
    ])
  })

  it('reads a line without caller, tag or source', () => {
    expect(parseTraceLines('m.dll!6F3A1B2C: LogHr(3) tid(a18) 80070002 x')).toMatchObject([
      { file: '', line: '', module: 'm.dll', kind: 'LogHr' },
    ])
    expect(parseTraceLines(' tid(1) 80070002')).toMatchObject([{ file: '', module: '', kind: '' }])
  })

  it('gives repeats one fingerprint, whatever address, thread, counter and language', () => {
    const of = (text: string) => parseTraceLines(text).map((line) => fingerprintOf(line, '0x80070533'))
    const other = TRACE.replace('00007FF701A2A8C2', '00007FFA0B0C0D0E')
      .replace('00007FF701A2A3D9', '00007FFA00000001')
      .replace('(17)', '(99999)')
      .replace('tid(1060)', 'tid(ffff)')
      .replace('[PreRelease]', '')
    expect(of(`${other}Dit account is uitgeschakeld.`)).toEqual(of(`${TRACE}This account is disabled.`))
    expect(of(`${TRACE}x`)[0]).toBe('shell\\roaming\\engine.cpp(990)\\SettingSyncHost.exe ReturnHr 0x80070533')
  })

  it.each([
    ' tid() 80070533',
    ' tid(g) 80070533',
    ' tid(1)80070533',
    ' tid(1) 8007053',
    ' tid(1) 800705331',
    ' tid(12345678901234567) 80070533',
    ' tid(1) 80070533-1111-2222',
  ])('finds none in "%s"', (text) => {
    expect(parseTraceLines(text)).toEqual([])
  })
})
