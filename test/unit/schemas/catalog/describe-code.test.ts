import { describe, expect, it } from 'vitest'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { describeCode } from '../../../../schemas/catalog/describe-code.ts'

const catalog = loadCatalog()

describe('describeCode of a code that the catalog has', () => {
  it('tells the documented cause, the symbol and the entries of 0x80070533', () => {
    expect(describeCode(catalog, 0x80070533)).toMatchObject({
      code: '0x80070533',
      unsigned: 2147943731,
      signed: -2147023565,
      known: true,
      kind: 'HRESULT',
      severity: 'error',
      facility: { id: 7, name: 'FACILITY_WIN32' },
      symbol: 'ERROR_ACCOUNT_DISABLED',
      category: 'auth-credential',
      transient: 'no',
      inner: { kind: 'win32', value: 1331, symbol: 'ERROR_ACCOUNT_DISABLED' },
      entries: ['known-6065-credentials-expired', 'known-6065-azurerms-not-provisioned'],
    })
  })

  it('says of 0xCAA82EE2 which WinHTTP error it carries', () => {
    expect(describeCode(catalog, 0xcaa82ee2)).toMatchObject({
      kind: 'ADAL_WAM',
      symbol: 'ERROR_ADAL_INTERNET_TIMEOUT',
      inner: { kind: 'winhttp', value: 12002, symbol: 'ERROR_INTERNET_TIMEOUT' },
      category: 'network',
    })
  })

  it('folds 0xD0020017 before it looks', () => {
    expect(describeCode(catalog, 0xd0020017)).toMatchObject({
      code: '0xC0020017',
      symbol: 'RPC_NT_SERVER_UNAVAILABLE',
      known: true,
    })
  })

  it('knows that 0x8AA500DB reports a success', () => {
    expect(describeCode(catalog, 0x8aa500db)).toMatchObject({
      known: true,
      severity: 'warning',
      category: 'informational',
    })
  })

  it('calls 0xC00CEE4F an HRESULT of the XML reader, not an NTSTATUS', () => {
    expect(describeCode(catalog, 0xc00cee4f)).toMatchObject({
      kind: 'HRESULT',
      family: 'HRESULT',
      facility: { id: 12 },
    })
  })
})

describe('describeCode of a code that the catalog lacks', () => {
  it('takes over what is known of the same failure in another wrapping', () => {
    // The bare number and the token-broker wrapping of 0x80072EE6, which alone stands in the tables.
    const known = describeCode(catalog, 0x80072ee6)
    for (const code of [0x2ee6, 0xcaa82ee6]) {
      expect(catalog.codes.has(describeCode(catalog, code).code)).toBe(false)
      expect(describeCode(catalog, code)).toMatchObject({ known: true, cause: known.cause, category: known.category })
    }
    expect(describeCode(catalog, 0x2ee6).symbol).toBe('ERROR_INTERNET_UNRECOGNIZED_SCHEME')
    expect(describeCode(catalog, 0xcaa82ee6).symbol).toBeNull()
  })

  it.each([
    [0xcaa301a2, 'ADAL_WAM', { kind: 'http', value: 418 }],
    [0x801901a2, 'HRESULT', { kind: 'http', value: 418 }],
    [0xcaa82eff + 0x40, 'ADAL_WAM', { kind: 'winhttp', value: 12095 }],
    [0x8007abcd, 'HRESULT', { kind: 'win32', value: 0xabcd }],
    [0xc0070005, 'NTSTATUS', { kind: 'win32', value: 5 }],
    [0x90000123, 'HRESULT', { kind: 'ntstatus', value: 0x80000123 }],
    [0x80190001, 'HRESULT', null],
    [0xcaa30001, 'ADAL_WAM', null],
    [0xc0000999, 'NTSTATUS', null],
    [0xc0048499, 'CLOUDAP', null],
    [0xeeee, 'WIN32', null],
  ])('%d: family %s, inside %j', (code, kind, inner) => {
    const described = describeCode(catalog, code)
    expect(described.kind).toBe(kind)
    if (inner === null) expect(described.inner).toBeNull()
    else expect(described.inner).toMatchObject(inner)
  })

  it('guesses neither symbol, category nor entry, and says so', () => {
    for (const code of [0x80fe1234, 0xc0fe1234, 0xcaa5ffff, 0x8007fffe, 0xfffe, 0xffffffff, 0x12345678]) {
      expect(describeCode(catalog, code)).toMatchObject({
        known: false,
        symbol: null,
        category: null,
        transient: null,
        entries: [],
        sources: [],
        cause: expect.stringMatching(/^Not in the catalog: /) as string,
      })
    }
  })

  it('names a facility without a published name by its number', () => {
    expect(describeCode(catalog, 0x87ff1234).cause).toContain('facility without a published name (2047)')
  })

  it('calls zero a success', () => {
    expect(describeCode(catalog, 0)).toMatchObject({ severity: 'success', cause: 'Success.', known: false })
  })
})
