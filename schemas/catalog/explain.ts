/** Answers "what is this?" for anything an operator may copy from a log: a code in any spelling, a name or an entry. */
import type { Catalog, CatalogEntry, CodeFact } from './catalog.ts'
import { type CodeDescription, describeCode, describeNamedCode, describeUnknownAadsts } from './describe-code.ts'
import { parseErrorCodes } from './error-code.ts'

export type SourceTitle = { readonly name: string; readonly title: string }

export type CodeExplanation = {
  readonly kind: 'code'
  readonly query: string
  readonly code: CodeDescription
  /** The other codes of a spelling with several (`outer/inner`, an ambiguous name), outermost first. */
  readonly others: readonly CodeDescription[]
  /** Entries that any of the codes points to. */
  readonly entries: readonly CatalogEntry[]
  readonly sources: readonly SourceTitle[]
}
export type EntryExplanation = {
  readonly kind: 'entry'
  readonly query: string
  readonly entry: CatalogEntry
  /** Codes that point to the entry. */
  readonly codes: readonly CodeFact[]
  readonly sources: readonly SourceTitle[]
}
export type Explanation = CodeExplanation | EntryExplanation

/** The longest name of a code or entry, and some. */
const MAX_QUERY = 128

/**
 * Accepts every spelling of parseErrorCodes, AADSTSnnnnn (also with text behind it), OAuth error names, `WTRS:3`, symbols
 * (`ERROR_ACCOUNT_DISABLED`), answers of the registration service and entry ids, in any case. A number that the catalog
 * lacks is explained by its family; undefined when the text is none of these.
 */
export function explain(catalog: Catalog, query: string): Explanation | undefined {
  const text = query.trim()
  if (text === '') return undefined
  const aadsts = /^AADSTS\s?(\d{5,7})(?!\d)/i.exec(text.slice(0, MAX_QUERY))?.[1]
  if (aadsts !== undefined) return explainCodes(catalog, text, [describeAadsts(catalog, Number(aadsts))])
  if (text.length > MAX_QUERY) return undefined

  const entry = catalog.entries.get(text.toLowerCase())
  if (entry !== undefined) return explainEntry(catalog, text, entry)

  const codes = parseErrorCodes(text)
  if (codes.length > 0) {
    const [first, ...rest] = codes.map((code) => describeCode(catalog, code))
    const described = first && !first.known ? withAadstsHint(catalog, first, text) : first
    return described && explainCodes(catalog, text, [described, ...rest])
  }
  const named = findNamed(catalog, text)
  return named.length === 0
    ? undefined
    : explainCodes(
        catalog,
        text,
        named.map((fact) => describe(catalog, fact)),
      )
}

function describeAadsts(catalog: Catalog, number: number): CodeDescription {
  const fact = catalog.codes.get(`AADSTS${number}`)
  return fact === undefined ? describeUnknownAadsts(catalog, number) : describeNamedCode(fact)
}

function describe(catalog: Catalog, fact: CodeFact): CodeDescription {
  return fact.code.startsWith('0x') ? describeCode(catalog, Number(fact.code)) : describeNamedCode(fact)
}

/** `50076` is a number like any other, but whoever asks may mean the Entra error. */
function withAadstsHint(catalog: Catalog, code: CodeDescription, text: string): CodeDescription {
  if (!catalog.codes.has(`AADSTS${text}`)) return code
  return { ...code, note: `If it is an error number of Microsoft Entra ID, ask for AADSTS${text}.` }
}

/** By name as sent, by symbol, or WTRS status by its name; several codes may share a symbol. */
function findNamed(catalog: Catalog, text: string): CodeFact[] {
  const wanted = /^HRESULT_FROM_WIN32\((\w+)\)$/i.exec(text)?.[1] ?? text
  const lower = wanted.toLowerCase()
  const facts = [...catalog.codes.values()]
  const byName = facts.filter((fact) => fact.code.toLowerCase() === lower)
  return byName.length > 0 ? byName : facts.filter((fact) => fact.symbol?.toLowerCase() === lower)
}

function explainCodes(catalog: Catalog, query: string, codes: readonly CodeDescription[]): CodeExplanation | undefined {
  const [code, ...others] = codes
  if (code === undefined) return undefined
  const ids = new Set(codes.flatMap((each) => each.entries))
  const entries = [...ids].flatMap((id) => catalog.entries.get(id) ?? [])
  return {
    kind: 'code',
    query,
    code,
    others,
    entries,
    sources: titles(
      catalog,
      codes.flatMap((each) => each.sources),
    ),
  }
}

function explainEntry(catalog: Catalog, query: string, entry: CatalogEntry): EntryExplanation {
  const codes = [...catalog.codes.values()].filter((code) => code.entries.includes(entry.id))
  return { kind: 'entry', query, entry, codes, sources: titles(catalog, entry.sources) }
}

function titles(catalog: Catalog, names: readonly string[]): SourceTitle[] {
  return [...new Set(names)].map((name) => ({ name, title: catalog.sources.get(name) ?? name }))
}
