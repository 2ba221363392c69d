import { describe, expect, it } from 'vitest'
import { type CodeExplanation, explain } from '../../../../schemas/catalog/explain.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'

const catalog = loadCatalog()

function codeOf(query: string): CodeExplanation {
  const explanation = explain(catalog, query)
  if (explanation?.kind !== 'code') throw new Error(`no code: ${query}`)
  return explanation
}

describe('explain', () => {
  it.each(['0xCAA5001C', '-895156196', '3399811100', 'CAA5001C', '0xcaa5001c', ' caa5001c '])(
    'answers %j with the token broker, its entry and the source',
    (query) => {
      const { code, entries, sources } = codeOf(query)
      expect(code).toMatchObject({ code: '0xCAA5001C', category: 'token-broker', known: true })
      expect(code.cause).toContain('Token broker operation failed')
      expect(entries.map(({ id }) => id)).toEqual(['known-1098-0xcaa5001c'])
      expect(entries[0]?.next_steps.join(' ')).toContain('PSR')
      expect(sources.map(({ name }) => name)).toContain('KB3196528')
    },
  )

  it('answers 80070533 with both causes of event 6065', () => {
    const { code, entries } = codeOf('80070533')
    expect(code.symbol).toBe('ERROR_ACCOUNT_DISABLED')
    expect(entries.map(({ id }) => id)).toEqual([
      'known-6065-credentials-expired',
      'known-6065-azurerms-not-provisioned',
    ])
  })

  it.each(['AADSTS50076', 'aadsts50076', 'AADSTS50076: Due to a configuration change made by your administrator …'])(
    'answers %j with MFA',
    (query) => {
      expect(codeOf(query).code).toMatchObject({
        code: 'AADSTS50076',
        kind: 'AADSTS',
        category: 'mfa-conditional-access',
      })
      expect(codeOf(query).entries.map(({ id }) => id)).toEqual(['issue-mfa-required-password-signin'])
    },
  )

  it.each(['known-1098-0xcaa5001c', 'KNOWN-1098-0XCAA5001C'])('answers %j with the entry and its codes', (query) => {
    const explanation = explain(catalog, query)
    expect(explanation).toMatchObject({ kind: 'entry', entry: { kb: 'KB3196528', seed_lines: '176-181' } })
    if (explanation?.kind !== 'entry') throw new Error('no entry')
    expect(explanation.codes.map(({ code }) => code).sort()).toEqual(['0x80070005', '0xC000005F', '0xCAA5001C'])
    expect(explanation.sources.every(({ title }) => title.length > 10)).toBe(true)
  })

  it('explains both codes of a pair', () => {
    const { code, others } = codeOf('FAIL [0x801c0021/0x80072ee2]')
    expect(code.symbol).toBe('DSREG_AUTOJOIN_DISC_FAILED')
    expect(others.map(({ symbol }) => symbol)).toEqual(['ERROR_INTERNET_TIMEOUT'])
  })

  it.each([
    ['interaction_required', 'interaction_required', 'OAUTH'],
    ['INVALID_GRANT', 'invalid_grant', 'OAUTH'],
    ['WTRS:3', 'WTRS:3', 'WEBTOKENSTATUS'],
    ['UserInteractionRequired', 'WTRS:3', 'WEBTOKENSTATUS'],
    ['DirectoryError: throttled', 'DirectoryError: throttled', 'DRS_SERVER'],
    ['E_FAIL', '0x80004005', 'HRESULT'],
    ['STATUS_NO_SUCH_LOGON_SESSION', '0xC000005F', 'NTSTATUS'],
    ['HRESULT_FROM_WIN32(ERROR_ACCOUNT_DISABLED)', '0x80070533', 'HRESULT'],
  ])('knows the name %s', (query, code, kind) => {
    expect(codeOf(query).code).toMatchObject({ code, kind, known: true })
  })

  it('gives every code that shares a symbol', () => {
    const { code, others } = codeOf('ERROR_NO_SUCH_USER')
    expect([code, ...others].map((each) => each.code).sort()).toEqual(['0x00000525', '0x80070525'])
  })

  it('explains an unknown code by its family', () => {
    expect(codeOf('0x80FE1234').code).toMatchObject({ known: false, facility: { id: 254, name: null } })
  })

  it('offers the shorter Entra number as a hint only', () => {
    const { code } = codeOf('AADSTS500119')
    expect(code.known).toBe(false)
    expect(code.category).toBeNull()
    expect(codeOf('AADSTS5007699').code.note).toMatch(/^A hint only.*AADSTS50076/)
  })

  it('points from a bare number to the Entra error of that number', () => {
    expect(codeOf('50076').code).toMatchObject({ known: false, note: expect.stringContaining('AADSTS50076') as string })
  })

  it.each(['', '   ', 'AADSTS', 'AADSTS123', 'AADSTS12345678', 'no such thing', '__proto__', 'constructor', '%'])(
    'has no answer to %j',
    (query) => {
      expect(explain(catalog, query)).toBeUndefined()
    },
  )

  it('has no answer to a text of megabytes, at once', () => {
    expect(explain(catalog, 'x'.repeat(10_000_000))).toBeUndefined()
  })

  it('explains every code of the catalog when asked by its own spelling', () => {
    for (const fact of catalog.codes.values()) {
      expect(codeOf(fact.code).code).toMatchObject({ code: fact.code, cause: fact.cause, kind: fact.kind, known: true })
    }
  })

  it('explains every entry of the catalog by its id', () => {
    for (const [id, entry] of catalog.entries) expect(explain(catalog, id)).toMatchObject({ kind: 'entry', entry })
  })
})
