/** What a code means: from the catalog where it stands there, else only what its number tells by rule. Never a guess. */
import type { Transience } from '../classified-event.ts'
import type { Catalog, CodeConfidence, CodeFact, CodeKind, Relevance } from './catalog.ts'
import { anatomyOf, type CodeAnatomy, FAMILY_TITLES, type InnerCode } from './code-families.ts'
import { canonicalCode, codeSeverity, type CodeSeverity, formatErrorCode } from './error-code.ts'

/** What a code carries inside; `symbol` and `cause` are the catalog's words on it, null where it has none. */
export type InnerDescription = InnerCode & { readonly symbol: string | null; readonly cause: string | null }

export type CodeDescription = {
  /** Canonical: 0x%08X, AADSTSnnnnn, WTRS:n or a name. */
  readonly code: string
  /** The number, null for codes that are none (AADSTS, OAuth, names). */
  readonly unsigned: number | null
  readonly signed: number | null
  /** Does the catalog have it, or the code it stands for? */
  readonly known: boolean
  readonly kind: CodeKind
  /** What the kind is, in words. */
  readonly family: string
  readonly severity: CodeSeverity
  readonly facility: CodeAnatomy['facility']
  readonly symbol: string | null
  readonly category: string | null
  readonly cause: string
  readonly transient: Transience | null
  readonly relevance: Relevance | null
  readonly documented: boolean
  readonly confidence: CodeConfidence | null
  readonly inner: InnerDescription | null
  readonly note: string | null
  /** Short names; titles are in Catalog.sources. */
  readonly sources: readonly string[]
  /** Ids of catalog entries that the code points to. */
  readonly entries: readonly string[]
}

type Codes = Pick<Catalog, 'codes'>

/** Describes a number; it need not be canonical yet. */
export function describeCode(catalog: Codes, code: number): CodeDescription {
  const canonical = canonicalCode(code)
  const spelling = formatErrorCode(canonical)
  const own = catalog.codes.get(spelling)
  const anatomy = anatomyOf(canonical)
  const twin = anatomy.twins.map((each) => catalog.codes.get(each)).find((fact) => fact !== undefined && fact !== own)
  const inner = describeInner(anatomy.inner, twin ?? (anatomy.family === 'HRESULT' ? own : undefined))
  const fact = own ?? twin
  return {
    ...meaning(fact, explainByRule(canonical, anatomy, inner)),
    code: spelling,
    unsigned: canonical,
    signed: canonical | 0,
    kind: own?.kind ?? anatomy.family,
    family: FAMILY_TITLES[anatomy.family],
    severity: codeSeverity(canonical),
    facility: anatomy.facility,
    // A token-broker code has a symbol of its own, even where it means the same.
    symbol: own?.symbol ?? (anatomy.family === 'ADAL_WAM' ? null : (twin?.symbol ?? null)),
    inner,
  }
}

/** Describes a code that has a name in place of a number. */
export function describeNamedCode(fact: CodeFact): CodeDescription {
  return {
    ...meaning(fact, ''),
    code: fact.code,
    unsigned: null,
    signed: null,
    kind: fact.kind,
    family: NAMED_FAMILIES[fact.kind] ?? fact.kind,
    severity: fact.code === 'WTRS:0' ? 'success' : 'error',
    facility: null,
    symbol: fact.symbol,
    inner: null,
  }
}

/** A Microsoft Entra error number that the catalog lacks. A longer number may be a variant of its first five digits. */
export function describeUnknownAadsts(catalog: Codes, number: number): CodeDescription {
  const parent = `AADSTS${String(number).slice(0, 5)}`
  const hint = String(number).length > 5 ? catalog.codes.get(parent) : undefined
  return {
    ...meaning(
      undefined,
      'Error number of Microsoft Entra ID that the catalog does not have. The sign-in log has its text.',
    ),
    code: `AADSTS${number}`,
    unsigned: null,
    signed: null,
    kind: 'AADSTS',
    family: NAMED_FAMILIES.AADSTS ?? 'AADSTS',
    severity: 'error',
    facility: null,
    symbol: null,
    inner: null,
    note: hint === undefined ? null : `A hint only, the numbers need not be related: ${parent} means: ${hint.cause}`,
  }
}

const NAMED_FAMILIES: { readonly [K in CodeKind]?: string } = {
  AADSTS: 'Microsoft Entra ID error number',
  OAUTH: 'OAuth 2.0 error name',
  WEBTOKENSTATUS: 'WebTokenRequestStatus',
  DRS_SERVER: 'answer of the device registration service',
}

/** The part of a description that comes from a fact, with a sentence for codes without one. */
function meaning(fact: CodeFact | undefined, fallback: string) {
  return {
    known: fact !== undefined,
    category: fact?.category ?? null,
    cause: fact?.cause ?? fallback,
    transient: fact?.transient ?? null,
    relevance: fact?.relevance ?? null,
    documented: fact?.documented ?? false,
    confidence: fact?.confidence ?? null,
    note: fact?.note ?? null,
    sources: fact?.sources ?? [],
    entries: fact?.entries ?? [],
  }
}

function describeInner(inner: InnerCode | null, twin: CodeFact | undefined): InnerDescription | null {
  if (inner === null) return null
  if (inner.kind === 'http') return { ...inner, symbol: null, cause: HTTP_STATUSES[inner.value] ?? null }
  return { ...inner, symbol: twin?.symbol ?? null, cause: twin?.cause ?? null }
}

function explainByRule(code: number, anatomy: CodeAnatomy, inner: InnerDescription | null): string {
  if (code === 0) return 'Success.'
  const { facility } = anatomy
  const of = facility === null ? '' : `, facility ${facility.name ?? 'without a published name'} (${facility.id})`
  const carries = inner === null ? '' : ` It carries ${INNER_TITLES[inner.kind]} ${innerText(inner)}.`
  return `Not in the catalog: ${FAMILY_TITLES[anatomy.family]} of severity ${codeSeverity(code)}${of}.${carries}`
}

function innerText(inner: InnerDescription): string {
  if (inner.kind === 'ntstatus') return formatErrorCode(inner.value)
  return inner.cause === null ? String(inner.value) : `${inner.value} (${inner.cause.replace(/\.$/, '')})`
}

const INNER_TITLES: Readonly<Record<InnerCode['kind'], string>> = {
  http: 'the HTTP status',
  win32: 'the Win32 error',
  winhttp: 'the WinINet/WinHTTP error',
  ntstatus: 'the NTSTATUS',
}

// RFC 9110, 6585
const HTTP_STATUSES: Readonly<Record<number, string>> = {
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}
