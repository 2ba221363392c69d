/**
 * Finds secrets that stand beside their name: `access_token=…`, `"refresh_token":"…"`, `Authorization: Bearer …`,
 * `<o:Password>…</o:Password>`, `<Data Name='AuthToken'>…`, `?code=…`, `https://user:password@proxy`. The names are those of
 * RFC 6749, 7521 and 7636 (OAuth 2.0), [MS-OAPXBC] (primary refresh token), SAML bindings and Azure storage (`sig`).
 * Prose about them ("refresh_token expired", `grant_type=refresh_token`) stays. Linear in the text.
 */
import { REMOVED } from './removed.ts'

const PROTOCOL_NAMES = [
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'assertion',
  'client_assertion',
  'client_secret',
  'code_verifier',
  'device_code',
  'nonce',
  'request_nonce',
  'sso_nonce',
  'session_key',
  'password',
  'passwd',
  'pwd',
  'saml_assertion',
  'SAMLResponse',
  'wresult',
  'ESTSAUTH',
  'ESTSAUTHPERSISTENT',
  'ESTSAUTHLIGHT',
  'x-ms-RefreshTokenCredential',
  'x-ms-DeviceCredential',
  'BinarySecurityToken',
  'CipherValue',
]

/**
 * What may stand between a name and its value, the least that counts as a value, and what ends it. All quantifiers are
 * bounded, and ends are searched for rather than matched up to, so that a value of 10 MB neither backtracks nor overflows.
 */
type Shape = { readonly separator: RegExp; readonly end: RegExp | ((text: string, from: number) => number) }
const ATTRIBUTES = String.raw`(?:\s{1,8}[\w:.-]{1,64}\s?=\s?\\?["'][^"'<>]{0,300}["']){0,6}`
const OTLP = String.raw`Q\s{0,8},\s{0,8}QvalueQ\s{0,8}:\s{0,8}\{\s{0,8}QstringValueQ\s{0,8}:\s{0,8}Q`
const SHAPES: readonly Shape[] = [
  { separator: /["']\s{0,8}[:=]\s{0,8}"/y, end: endOfString },
  { separator: /["']?\s{0,8}[:=]\s{0,8}'/y, end: /['\\]/g },
  { separator: /\\{1,8}["']\s{0,8}[:=]\s{0,8}\\{1,8}["']/y, end: /["'\\]/g },
  { separator: /\s?=\s?\\{0,8}["']?(?=[^\s&"'<>;,\\)\]}|])/y, end: /[\s&"'<>;,\\)\]}|]/g },
  { separator: new RegExp(OTLP.replaceAll('Q', String.raw`\\{0,8}"`), 'y'), end: /["\\]/g },
  { separator: tagEnd('>'), end: endOfElementText },
  { separator: tagEnd('&(?:amp;)?gt;'), end: /<|&(?:amp;)?lt;/g },
  { separator: tagEnd(String.raw`\\{1,8}u003[eE]`), end: /<|\\{1,8}u003[cC]/g },
  { separator: /:\s{0,8}(?=[\w.~+/=%-]{0,64}\d)(?=[\w.~+/=%-]{16})/y, end: /[^\w.~+/=%-]/g },
]

function tagEnd(close: string): RegExp {
  return new RegExp(String.raw`(?:\\?["'])?${ATTRIBUTES}\s{0,8}(?:${close})`, 'y')
}

/** Secrets that need no name of ours: the first group stays, what follows it up to `end` goes. */
type Marker = { readonly marker: RegExp; readonly end: RegExp }
const TOKEN_END = /[^\w.~+/=%-]/g
const BEARER: Marker = {
  // In prose ("Bearer authentication failed") no digit follows.
  marker: /\bbearer\s{1,4}(?=[\w.~+/=-]{8})(?=[\w.~+/=-]{0,64}\d|[\w.~+/=-]{32})/gi,
  end: TOKEN_END,
}
const AUTHORIZATION: Marker = {
  marker: /\bauthorization["']?\s{0,4}[:=]\s{0,4}["']?(?:\w{1,20}\s{1,4})?(?=[\w.~+/=-]{8})/gi,
  end: TOKEN_END,
}
const QUERY_CODE: Marker = { marker: /[?&;](?:code|sig)=(?=[\w.~+/%=-]{20})/gi, end: TOKEN_END }
const URL_PASSWORD: Marker = { marker: /:\/\/[^/\s:@<>"']{1,128}:(?=[^/\s:@<>"'[\]]{1,128}@)/g, end: /@/g }

/** Builds the search. `fieldNames` are the catalog's secret fields: their names betray them in raw records too. */
export function createLabelledSecrets(fieldNames: Iterable<string>): (text: string) => string {
  const names = [...new Set([...PROTOCOL_NAMES, ...fieldNames])].map(escapeForPattern)
  const label = new RegExp(`(?<![A-Za-z0-9_])(?:${names.join('|')})\\d?(?![A-Za-z0-9_])`, 'gi')

  return function removeLabelledSecrets(text) {
    let clean = text
    if (clean.includes('Authorization')) clean = removeAfterMarkers(clean, AUTHORIZATION)
    if (BEARER_WORD.test(clean)) clean = removeAfterMarkers(clean, BEARER)
    if (!LABEL_SIGN.test(clean)) return clean
    clean = removeAfterLabels(clean, label)
    if (clean.includes('=')) clean = removeAfterMarkers(removeAfterMarkers(clean, AUTHORIZATION), QUERY_CODE)
    return clean.includes('@') ? removeAfterMarkers(clean, URL_PASSWORD) : clean
  }
}

/** Together with the look for labels about 0.4 ns a character (measured); most texts of events end there. */
const BEARER_WORD = /Bearer |bearer |BEARER /
/** A label is followed by one of these. */
const LABEL_SIGN = /[="<&@]/

type Stretch = { readonly start: number; readonly end: number }

function removeAfterMarkers(text: string, { marker, end }: Marker): string {
  return removeEach(text, marker, (at) =>
    text.startsWith(REMOVED, at) ? undefined : { start: at, end: findEnd(text, at, end) },
  )
}

function removeAfterLabels(text: string, label: RegExp): string {
  return removeEach(text, label, (at) => {
    for (const { separator, end } of SHAPES) {
      separator.lastIndex = at
      if (!separator.test(text)) continue
      const start = separator.lastIndex
      // Before the end is searched for: it may be far away.
      if (text.startsWith(REMOVED, start)) return undefined
      const stretch = { start, end: typeof end === 'function' ? end(text, start) : findEnd(text, start, end) }
      // Stars in place of it: whoever logged it has removed it.
      if (text[start] === '*' && /^\*+$/.test(text.slice(start, stretch.end))) return undefined
      if (stretch.end > start) return stretch
    }
    return undefined
  })
}

/** Replaces what `stretchAfter` gives for each place where `search` (global) ends. */
function removeEach(text: string, search: RegExp, stretchAfter: (at: number) => Stretch | undefined): string {
  search.lastIndex = 0
  const kept: string[] = []
  let from = 0
  while (search.test(text)) {
    const at = search.lastIndex
    const value = stretchAfter(at)
    if (value === undefined) continue
    kept.push(text.slice(from, value.start), REMOVED)
    from = value.end
    search.lastIndex = Math.max(at, value.end)
  }
  return from === 0 ? text : kept.join('') + text.slice(from)
}

function findEnd(text: string, from: number, end: RegExp): number {
  end.lastIndex = from
  return end.exec(text)?.index ?? text.length
}

/** The tag that ends an element's text; CDATA sections are part of it, and may hold any `<`. */
function endOfElementText(text: string, from: number): number {
  let at = text.indexOf('<', from)
  while (at !== -1 && text.startsWith('<![CDATA[', at)) {
    const close = text.indexOf(']]>', at)
    at = close === -1 ? -1 : text.indexOf('<', close)
  }
  return at === -1 ? text.length : at
}

/** The closing quote of a JSON string: the first that no backslash escapes. */
function endOfString(text: string, from: number): number {
  const stop = /["\\]/g
  stop.lastIndex = from
  for (let found = stop.exec(text); found !== null; found = stop.exec(text)) {
    if (found[0] === '"') return found.index
    stop.lastIndex = found.index + 2
  }
  return text.length
}

function escapeForPattern(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
