/** Every fact of the shared source data is in the catalog. Runs where `../shared` lies beside the clone. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseErrorCode } from '../../../../schemas/catalog/error-code.ts'
import { type CodeDescription, describeCode } from '../../../../schemas/catalog/describe-code.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { sharedPath } from '../../../support/shared-samples.ts'

type SourceItem = {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly kb: string | null
  readonly fixedInBuild: string | null
  readonly status: string
  readonly suggestedCategory: string
  readonly suggestedTransient: string | null
  readonly recommendedAction: readonly string[]
  readonly evaluability: { readonly needs: readonly string[] }
  readonly seed: { readonly lines: string } | null
  readonly sources: readonly string[]
}
type SourceCode = {
  readonly code: string
  readonly kind: string
  readonly symbol: string | null
  readonly category: string
  readonly likelyCause: string
  readonly transient: string
  readonly esrRelevance: string
  readonly documented: boolean
  readonly confidence: string
  readonly sources: readonly string[]
  readonly catalogRefs?: readonly string[]
  readonly subcategory?: string
  readonly verifiedAgainstHeader?: boolean | null
}
type SourceManifest = {
  readonly provider: string
  readonly guid: string | null
  readonly events: readonly {
    readonly eventId: number
    readonly levelValue: number
    readonly channel: string | null
    readonly fields: readonly { readonly name: string; readonly inType: string }[]
    readonly fieldVariants?: readonly { readonly fields: readonly (readonly [string, string])[] }[]
  }[]
}
type SourceCodeField = {
  readonly provider: string
  readonly eventId: number
  readonly codeFields?: readonly string[]
  readonly textFields?: readonly string[]
}

const domain = sharedPath('domain')
if (domain === undefined) console.log('catalog-facts: not run, there is no ../shared/domain beside this clone')
const read = (name: string): unknown => JSON.parse(readFileSync(sharedPath('domain', name) ?? '', 'utf8'))

describe.skipIf(domain === undefined)('the catalog against its source data', () => {
  const catalog = loadCatalog()

  it('has all 71 items with their facts unchanged, in words of its own', () => {
    const { items } = read('catalog-facts.json') as { items: SourceItem[] }
    expect([...catalog.entries.keys()].sort()).toEqual(items.map(({ id }) => id).sort())
    expect(items).toHaveLength(71)
    for (const item of items) {
      const entry = catalog.entries.get(item.id)
      expect(entry, item.id).toMatchObject({
        kind: item.kind,
        kb: item.kb,
        fixed_in_build: item.fixedInBuild,
        status: item.status,
        category: item.suggestedCategory,
        transient: item.suggestedTransient,
        facts_needed: item.evaluability.needs,
        seed_lines: item.seed?.lines ?? null,
        sources: item.sources,
      })
      expect(entry?.title).not.toBe(item.title)
    }
  })

  it('has all 554 codes with their facts unchanged', () => {
    const { codes } = read('error-codes.json') as { codes: SourceCode[] }
    expect(codes).toHaveLength(554)
    for (const code of codes) {
      const symbol = code.symbol?.replace(/^HRESULT_FROM_WIN32\((\w+)\)$/, '$1') ?? null
      const isName = symbol !== null && /^\w+$/.test(symbol)
      expect(catalog.codes.get(code.code), code.code).toMatchObject({
        kind: code.kind,
        symbol: isName ? symbol : null,
        category: code.category,
        transient: code.transient,
        relevance: code.esrRelevance,
        documented: code.documented,
        confidence: code.confidence,
        sources: code.sources,
        entries: code.catalogRefs ?? [],
        ...(code.subcategory !== undefined && { subcategory: code.subcategory }),
        ...(code.verifiedAgainstHeader === true && { verified: true }),
      })
    }
  })

  it('copies no long sentence of the source data', () => {
    const { codes } = read('error-codes.json') as { codes: SourceCode[] }
    const copied = codes.filter(
      ({ code, likelyCause }) => likelyCause.length > 52 && catalog.codes.get(code)?.cause === likelyCause,
    )
    expect(copied.map(({ code }) => code)).toEqual([])
  })

  it('has every provider and event of the manifests with level, channel, fields and variants', () => {
    const manifests = read('event-manifests.json') as SourceManifest[]
    expect(manifests.map(({ provider }) => provider).sort()).toEqual([...catalog.providers.keys()].sort())
    for (const manifest of manifests) {
      const provider = catalog.providers.get(manifest.provider)
      expect(provider?.guid).toBe(manifest.guid)
      expect(provider?.events.size).toBe(manifest.events.length)
      for (const source of manifest.events) {
        const event = provider?.events.get(source.eventId)
        const where = `${manifest.provider} ${source.eventId}`
        expect(event?.level, where).toBe(source.levelValue)
        if (source.channel !== null) expect(event?.channel, where).toBe(source.channel)
        expect(
          event?.fields.map(({ name, type }) => [name, type]),
          where,
        ).toEqual(source.fields.map(({ name, inType }) => [name, inType]))
        const known = [event?.fields ?? [], ...(event?.variants ?? [])].map((fields) =>
          JSON.stringify(fields.map(({ name, type }) => [name, type])),
        )
        for (const variant of source.fieldVariants ?? []) {
          if (variant.fields.length > 0) expect(known, where).toContain(JSON.stringify(variant.fields))
        }
      }
    }
  })

  it('reads codes and texts from every field that the source names', () => {
    const { events } = read('event-code-fields.json') as { events: SourceCodeField[] }
    expect(events.length).toBeGreaterThan(300)
    for (const source of events) {
      const event = catalog.providers.get(source.provider)?.events.get(source.eventId)
      const where = `${source.provider} ${source.eventId}`
      expect(event?.code_fields, where).toEqual(expect.arrayContaining([...(source.codeFields ?? [])]))
      expect(event?.text_fields, where).toEqual(expect.arrayContaining([...(source.textFields ?? [])]))
    }
  })

  it('has every source title', () => {
    const facts = (read('catalog-facts.json') as { sources: Record<string, string> }).sources
    const codes = (read('error-codes.json') as { sources: Record<string, string> }).sources
    const names = [...Object.keys(facts), ...Object.keys(codes)].filter((name) => name !== 'others')
    expect(names.filter((name) => !catalog.sources.has(name))).toEqual([])
  })

  it('answers all test vectors', () => {
    const { decomposition } = read('error-codes.json') as { decomposition: { testVectors: [string, string, string][] } }
    expect(decomposition.testVectors).toHaveLength(17)
    for (const [text, code, meaning] of decomposition.testVectors) {
      const described = describeCode(catalog, parseErrorCode(text) ?? Number.NaN)
      expect(described.code, text).toBe(code)
      expect(described.known, text).toBe(true)
      if (/^[A-Z_]+$/.test(meaning)) expect(described.symbol, text).toBe(meaning)
      else expect(wordsOf(described), text).toMatch(MEANINGS[meaning] ?? meaning)
    }
  })

  const wordsOf = ({ cause, inner }: CodeDescription) => `${cause} ${inner?.kind ?? ''} ${inner?.value ?? ''}`
  const MEANINGS: Readonly<Record<string, RegExp>> = {
    'token broker operation failed': /token broker operation failed/i,
    'HTTP 429': /HTTP 429.* http 429/,
    'unknown ADAL user realm account response (co-management list)': /unknown answer about the user realm/i,
    'server or proxy not found': /server or proxy not found/i,
  }
})
