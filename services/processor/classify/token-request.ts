/** Whose token was asked for, and the request's own correlation id. Read from typed fields, else from `key: value` text. */
import type { Fields } from './read-field.ts'

/** sync: a sync service's; other: another application's; none: the event does not say. */
export type ResourceKind = 'sync' | 'other' | 'none'

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
// The keys that the token broker writes into AdditionalInformation; not translated.
const RESOURCE = /\bresource:[ \t]*([^\s,;]+)/gi
const CORRELATION =
  /\bcorrelation id( \(request\))?:[ \t]*\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/gi

export function createResourceKind(syncResources: readonly string[], fields: readonly string[]) {
  const prefixes = syncResources.map((resource) => resource.toLowerCase())

  function kindOf(resource: string): ResourceKind {
    const lower = resource.toLowerCase()
    // `https://host` and `https://host/…` are the service; `https://host.example` is not.
    return prefixes.some((prefix) => lower.startsWith(prefix) || `${lower}/` === prefix) ? 'sync' : 'other'
  }

  return function resourceKind(data: Fields, texts: readonly string[]): ResourceKind {
    for (const name of fields) {
      const resource = data[name]
      if (resource !== undefined && resource.length > 0) return kindOf(resource)
    }
    // The request stands at the end of the text, behind the server's own words.
    for (const text of texts) {
      const resource = lastMatch(RESOURCE, text, 1)
      if (resource !== undefined) return kindOf(resource)
    }
    return texts.some((text) => mentions(text, prefixes)) ? 'sync' : 'none'
  }
}

function mentions(text: string, prefixes: readonly string[]): boolean {
  if (!text.includes('://')) return false
  const lower = text.toLowerCase()
  return prefixes.some((prefix) => lower.includes(prefix))
}

function lastMatch(pattern: RegExp, text: string, group: number): string | undefined {
  let last: string | undefined
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) last = match[group]
  return last
}

/** Lower-case GUID without braces. `texts` only where the event is a token request. */
export function correlationId(data: Fields, fields: readonly string[], texts: readonly string[]): string | null {
  for (const name of fields) {
    const value = data[name]
    if (value === undefined) continue
    const guid = value.length === 38 && value.startsWith('{') && value.endsWith('}') ? value.slice(1, -1) : value
    if (guid.length === 36 && GUID.test(guid)) return guid.toLowerCase()
  }
  let other: string | undefined
  for (const text of texts) {
    CORRELATION.lastIndex = 0
    for (let match = CORRELATION.exec(text); match !== null; match = CORRELATION.exec(text)) {
      const [, request, guid] = match
      // The request's own id joins events of one request; the server's is a second choice.
      if (request !== undefined && guid !== undefined) return guid.toLowerCase()
      other ??= guid
    }
  }
  return other?.toLowerCase() ?? null
}
