/**
 * Step 4. Says what one event means, from the event alone and in any language: looks its kind up by provider and event
 * id, reads codes and fields, applies the rules. Equal evidence gives the same judgement object, made once.
 */
import type { Catalog } from '../../../schemas/catalog/catalog.ts'
import { canonicalCode, formatErrorCode } from '../../../schemas/catalog/error-code.ts'
import type { Rules } from '../../../schemas/catalog/rules-file.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { compileEvent, compileForeignEvent, type CompiledEvent } from './compile-event.ts'
import { createEvidence, type Evidence } from './evidence.ts'
import { readField, type Fields } from './read-field.ts'
import { fingerprint } from './fingerprint.ts'
import { createJudge } from './judge.ts'
import type { Judgement } from './judgement.ts'
import { simpleKey, wholeKey } from './judgement-key.ts'
import { correlationId, createResourceKind, type ResourceKind } from './token-request.ts'

/** `judgement` is shared between events of equal evidence; the rest is the event's own. */
export type Classification = {
  readonly sync_engine: CompiledEvent['sync_engine']
  readonly judgement: Judgement
  readonly collection: string | null
  readonly duration_ms: number | null
  readonly correlation_id: string | null
  readonly fingerprint: string | null
}

/** What of an event is looked at. `data` with positions named where the manifest names them. */
type Classifiable = Pick<WindowsEvent, 'provider' | 'event_id' | 'level' | 'keywords' | 'message'> & {
  readonly data: Fields
}
export type Classify = (event: Classifiable) => Classification

const MAX_JUDGEMENTS = 2000
const NO_TEXTS: readonly string[] = []

/** Throws when a rule names an entry or provider that the catalog does not have: a fault of the release. */
export function createClassifier(deps: { readonly catalog: Catalog; readonly rules: Rules }): Classify {
  const { catalog, rules } = deps
  checkReferences(catalog, rules)
  const lookup = createLookup(catalog, rules)
  const gatherEvidence = createEvidence((code) => catalog.codes.has(formatErrorCode(canonicalCode(code))))
  const resourceKind = createResourceKind(rules.sync_resources, rules.resource_fields)
  const judge = createJudge(catalog)

  function judgementOf(event: CompiledEvent, evidence: Evidence, resource: ResourceKind, of: Classifiable): Judgement {
    const level = event.level ?? levelOf(of)
    const { data } = of
    const simple = simpleKey(event, evidence, resource, level)
    if (simple !== undefined) {
      const kept = event.simple.get(simple)
      if (kept !== undefined) return kept
      return keep(event.simple, simple, judge({ event, evidence, resource, data, level, names: NO_TEXTS }))
    }
    const names = namesIn(event, data)
    const whole = wholeKey(event, evidence, resource, level, data, names)
    const kept = whole === undefined ? undefined : event.judgements.get(whole)
    if (kept !== undefined) return kept
    const judgement = judge({ event, evidence, resource, data, level, names })
    return whole === undefined ? judgement : keep(event.judgements, whole, judgement)
  }

  return function classify(event) {
    const kind = lookup(event.provider, event.event_id)
    const { data } = event
    const evidence = gatherEvidence(kind, data, event.message)
    const resource = kind.isTokenRequest ? resourceKind(data, evidence.texts) : 'none'
    const judgement = judgementOf(kind, evidence, resource, event)
    const isForeign = kind.sync_engine === 'other'
    return {
      sync_engine: kind.sync_engine,
      judgement,
      collection: isForeign ? null : firstText(kind, data),
      duration_ms: kind.durationField === null ? null : durationOf(kind, data),
      correlation_id: isForeign
        ? null
        : correlationId(data, kind.correlationFields, kind.isTokenRequest ? evidence.texts : NO_TEXTS),
      fingerprint: isForeign ? null : fingerprint(evidence, kind.hasSource ? data : null, judgement.code),
    }
  }
}

/** Names only: to look at the entries would parse all their files, and tests check that they are causes. */
function checkReferences(catalog: Catalog, rules: Rules): void {
  for (const rule of rules.rules) {
    for (const { entry } of rule.candidates) {
      if (!catalog.entries.has(entry))
        throw new Error(`rules.yaml: rule ${rule.id} names ${entry}, which is not in the catalog`)
    }
    for (const name of rule.providers ?? []) {
      if (!catalog.providers.has(name))
        throw new Error(`rules.yaml: rule ${rule.id} names the unknown provider ${name}`)
    }
  }
}

function createLookup(catalog: Catalog, rules: Rules): (provider: string | null, eventId: number) => CompiledEvent {
  const foreign = compileForeignEvent()
  const kinds = new Map<string, Map<number, CompiledEvent>>()
  for (const name of catalog.providers.keys()) kinds.set(name, new Map())
  // Events of one provider mostly come behind each other.
  let lastProvider: string | null = null
  let lastEvents: Map<number, CompiledEvent> | undefined
  return function lookup(provider, eventId) {
    if (provider !== lastProvider) {
      lastProvider = provider
      lastEvents = provider === null ? undefined : kinds.get(provider)
    }
    if (provider === null || lastEvents === undefined) return foreign
    let kind = lastEvents.get(eventId)
    if (kind === undefined) {
      const fact = catalog.providers.get(provider)
      kind = fact === undefined ? foreign : compileEvent(rules, fact, eventId)
      lastEvents.set(eventId, kind)
    }
    return kind
  }
}

function namesIn(event: CompiledEvent, data: Fields): readonly string[] {
  if (event.nameFields.length === 0) return NO_TEXTS
  const names: string[] = []
  for (const { name, prefix } of event.nameFields) {
    const text = data[name]
    if (text !== undefined && text.length > 0 && text.length < 80) names.push(prefix + text)
  }
  return names
}

/** Audit events have level 0 and say it in the keywords (WINEVENT_KEYWORD_AUDIT_FAILURE, bit 52): as an error counts. */
function levelOf(event: Classifiable): number | null {
  const isAuditFailure = event.level === 0 && event.keywords !== null && event.keywords.charCodeAt(4) === 0x31
  return isAuditFailure ? 2 : event.level
}

/** Bounded: what is full is forgotten and made again. */
function keep<K>(kept: Map<K, Judgement>, key: K, judgement: Judgement): Judgement {
  if (kept.size >= MAX_JUDGEMENTS) kept.clear()
  kept.set(key, judgement)
  return judgement
}

function firstText(event: CompiledEvent, data: Fields): string | null {
  for (const place of event.collectionFields) {
    const text = readField(data, place)
    if (text !== undefined && text.length > 0) return text
  }
  return null
}

function durationOf(event: CompiledEvent, data: Fields): number | null {
  const text = event.durationField === null ? undefined : readField(data, event.durationField)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) * event.durationFactor : null
}
