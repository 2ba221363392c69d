/**
 * Step 4. Says what one event means, from the event alone and in any language: looks its kind up by provider and event
 * id, reads codes and fields, applies the rules. Equal evidence gives the same judgement object, made once.
 */
import type { Catalog } from '../../../schemas/catalog/catalog.ts'
import { canonicalCode, formatErrorCode } from '../../../schemas/catalog/error-code.ts'
import type { Rules } from '../../../schemas/catalog/rules-file.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { compileEvent, compileForeignEvent, type CompiledEvent } from './compile-event.ts'
import { createEvidence, readField, type Evidence, type Fields } from './evidence.ts'
import { fingerprint } from './fingerprint.ts'
import { createJudge, type Judgement } from './judge.ts'
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
export type Classifiable = Pick<WindowsEvent, 'provider' | 'event_id' | 'level' | 'keywords' | 'message'> & {
  readonly data: Fields
}
export type Classify = (event: Classifiable) => Classification

const MAX_JUDGEMENTS = 2000
const MAX_JUDGEMENT_KEY = 400
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
    const names = namesIn(event, of.data)
    const level = event.level ?? levelOf(of)
    const key = judgementKey(event, evidence, resource, of.data, names, level)
    let judgement = key === undefined ? undefined : event.judgements.get(key)
    if (judgement === undefined) {
      judgement = judge({ event, evidence, resource, data: of.data, level, names })
      if (event.judgements.size >= MAX_JUDGEMENTS) event.judgements.clear()
      if (key !== undefined) event.judgements.set(key, judgement)
    }
    return judgement
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
        : correlationId(data, rules.correlation_fields, kind.isTokenRequest ? evidence.texts : NO_TEXTS),
      fingerprint: isForeign ? null : fingerprint(evidence, data, judgement.code),
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
  return function lookup(provider, eventId) {
    const events = provider === null ? undefined : kinds.get(provider)
    if (provider === null || events === undefined) return foreign
    let kind = events.get(eventId)
    if (kind === undefined) {
      const fact = catalog.providers.get(provider)
      kind = fact === undefined ? foreign : compileEvent(catalog, rules, fact, eventId)
      events.set(eventId, kind)
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

/** Everything that a judgement depends on; undefined when it is too long to be kept. */
function judgementKey(
  event: CompiledEvent,
  evidence: Evidence,
  resource: ResourceKind,
  data: Fields,
  names: readonly string[],
  level: number | null,
): string | undefined {
  let key = `${evidence.say}|${resource}|${level ?? ''}|${evidence.codes.join()}|${evidence.aadsts.join()}`
  for (const name of names) key += measured(name)
  for (const name of event.conditionFields) key += measured(data[name])
  if (event.httpStatusField !== null) key += measured(readField(data, event.httpStatusField))
  return key.length > MAX_JUDGEMENT_KEY ? undefined : key
}

/** With its length before it, so that no two lists of texts make the same key. */
function measured(text: string | undefined): string {
  return text === undefined ? '|' : `|${text.length}:${text}`
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
