/**
 * Removes secrets that stand without a name (`<Data>…</Data>`, `"param3":"…"`) from a raw record that could not be decoded,
 * or not wholly. What event it is, is told by a tolerant look: provider and event id may stand in XML, in JSON, or in
 * either of them inside a JSON or XML text. Linear in the text.
 */
import { keyedValues, type NamelessValue, xmlValues } from './nameless-values.ts'
import { REMOVED } from './removed.ts'
import { isSecretPosition, type SecretFieldIndex, type SecretFields } from './secret-fields.ts'

/** The event id, or the start of an object that holds it: `{"qualifiers":0,"id":303}`, `{"#text":303}`, OTLP values. */
const EVENT_ID = new RegExp(
  String.raw`EventID[^<>\d]{0,80}(?:\d{1,10}[^<>\d]{0,20})?(?:>|gt;|u003e)\s{0,8}(\d{1,5})` +
    String.raw`|"(?:event_?id|event_?code|event\.code)\\{0,8}"[\s:,]{1,16}(?:\\{0,8}"value\\{0,8}"\s{0,8}:\s{0,8})?(?:\{([^]{0,120})|(?:\\{0,8}")?(\d{1,5}))` +
    String.raw`|\\nEventID=(\d{1,5})`,
  'gi',
)
/** As `event.code` of Winlogbeat. Too common a name to mean anything by itself. */
const CODE = /"code\\{0,8}"\s{0,8}:\s{0,8}(?:\\{0,8}")?(\d{1,5})/gi
/** That some provider or event id is named at all. A piece that begins amid a record may name neither. */
const ANY_PROVIDER =
  /(?:<|lt;|u003c)(?:[\w.-]{1,64}:)?Provider\b|"(?:provider_?name|provider|Provider_attributes|SourceName)\\{0,8}"|ProviderName=/i

/** Searches for the events that `index` names; `text` is the same string when it holds none of their values. */
export function createNamelessSecrets({ providers }: SecretFieldIndex): (text: string) => string {
  const names = [...providers.keys()]

  function suspectsOf(text: string): Suspects {
    const lower = text.toLowerCase()
    const named = names.filter((name) => lower.includes(name))
    if (named.length === 0 && ANY_PROVIDER.test(text)) return NONE
    const ids = eventIdsOf(text, named.length > 0)
    const events = (named.length === 0 ? names : named).flatMap((name) => [...(providers.get(name) ?? [])])
    const fields = events.filter(([id]) => ids.size === 0 || ids.has(id)).map(([, found]) => found)
    return { fields, isNamed: named.length > 0 || ids.size > 0 }
  }

  return function removeNamelessSecrets(text) {
    if (!MAY_BE_NAMELESS.test(text)) return text
    const { fields, isNamed } = suspectsOf(text)
    const [first] = fields
    if (first === undefined) return text
    // Of several suspects nobody knows the positions.
    const judge = fields.length === 1 ? first : UNKNOWN_POSITIONS
    const secret: NamelessValue[] = []
    for (const { values, count } of [xmlValues(text), keyedValues(text)]) {
      for (const one of values) {
        // A piece of nobody knows what is searched only for what nothing but an event has.
        if (!isNamed && !/^(?:|param\d+)$/.test(one.name)) continue
        const value = text.slice(one.start, one.end)
        if (one.name === 'message' || isSecretPosition(one.position, value, count, judge)) secret.push(one)
      }
    }
    return removeStretches(text, secret)
  }
}

/** The events that it may be; `isNamed`: the text itself says something of its provider or id. */
type Suspects = { readonly fields: readonly SecretFields[]; readonly isNamed: boolean }
const NONE: Suspects = { fields: [], isNamed: false }
const UNKNOWN_POSITIONS = { positions: new Set<number>(), fieldCount: -1 }

/** Every shape without names has one of these, and so has a message. */
const MAY_BE_NAMELESS = /Data|param\d|inserts|message|""/i

function eventIdsOf(text: string, hasProvider: boolean): ReadonlySet<number> {
  const ids = new Set<number>()
  for (const [, inXml, inObject, inJson, inText] of text.matchAll(EVENT_ID)) {
    for (const number of (inXml ?? inJson ?? inObject ?? inText ?? '').match(/\d{1,5}/g) ?? []) ids.add(Number(number))
  }
  if (hasProvider) for (const [, code] of text.matchAll(CODE)) ids.add(Number(code))
  return ids
}

function removeStretches(text: string, stretches: readonly NamelessValue[]): string {
  const kept: string[] = []
  let from = 0
  for (const { start, end } of [...stretches].sort((a, b) => a.start - b.start)) {
    // One may lie within another: XML inside a JSON text.
    if (start < from || end <= start || text.slice(start, end) === REMOVED) continue
    kept.push(text.slice(from, start), REMOVED)
    from = end
  }
  return from === 0 ? text : kept.join('') + text.slice(from)
}
