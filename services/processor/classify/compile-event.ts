/**
 * What the classifier needs to know of one kind of event, made once from the catalog and the rules when the first of its
 * kind comes, so that the way of each event is a few look-ups.
 */
import { canonicalCode } from '../../../schemas/catalog/error-code.ts'
import type { EventFact, ProviderFact } from '../../../schemas/catalog/catalog.ts'
import type { OutcomeRule, Rule, Rules } from '../../../schemas/catalog/rules-file.ts'
import type { Outcome, Scope, SyncEngine } from '../../../schemas/classified-event.ts'
import type { Judgement } from './judgement.ts'
import type { FieldPlace } from './read-field.ts'

export type CompiledEvent = {
  readonly sync_engine: SyncEngine
  readonly scope: Scope
  /** The table's outcome; null: the level decides. */
  readonly outcome: Outcome | null
  /** The manifest's level; null: the event's own. */
  readonly level: number | null
  readonly codeFields: readonly FieldPlace[]
  readonly textFields: readonly FieldPlace[]
  readonly durationField: FieldPlace | null
  /** Factor from the field's unit to milliseconds. */
  readonly durationFactor: number
  readonly collectionFields: readonly FieldPlace[]
  readonly httpStatusField: FieldPlace | null
  /** Catalog codes that stand as names in a field. */
  readonly nameFields: readonly { readonly name: string; readonly prefix: string }[]
  /** Token requests: whose token it was decides the scope. */
  readonly isTokenRequest: boolean
  /** Fields that hold a request's correlation id; none where the manifest has none of them. */
  readonly correlationFields: readonly string[]
  /** Does the event name a source file and line? */
  readonly hasSource: boolean
  readonly outcomeRules: readonly OutcomeRule[]
  readonly rules: readonly CompiledRule[]
  /** Fields that some condition reads; part of the key under which judgements are kept. */
  readonly conditionFields: readonly string[]
  /** Judgements by everything that they depend on; `simple` by a number where little does (judgement-key.ts). */
  readonly judgements: Map<string, Judgement>
  readonly simple: Map<number, Judgement>
}

export type CompiledRule = Rule & { readonly codes: ReadonlySet<number>; readonly anyCodes: readonly number[] }

const MILLISECONDS = { ms: 1, us: 0.001, '100ns': 0.0001, s: 1000 } as const

export function compileEvent(rules: Rules, provider: ProviderFact, eventId: number): CompiledEvent {
  const fact = provider.events.get(eventId)
  const place = placer(fact, rules)
  const outcomeRules = rules.outcomes.filter(
    (rule) => rule.providers.includes(provider.name) && rule.events.includes(eventId),
  )
  const matching = rules.rules.filter((rule) => concerns(rule, provider, eventId))
  return {
    sync_engine: provider.sync_engine,
    scope: provider.scope,
    outcome: fact?.outcome ?? null,
    level: fact?.level ?? null,
    codeFields: (fact?.code_fields ?? rules.fallback_code_fields).map(place),
    textFields: (fact?.text_fields ?? rules.fallback_text_fields).map(place),
    durationField: fact?.duration_field && fact.duration_unit ? place(fact.duration_field) : null,
    durationFactor: fact?.duration_unit ? MILLISECONDS[fact.duration_unit] : 1,
    collectionFields: (fact?.collection_field ? [fact.collection_field] : rules.fallback_collection_fields).map(place),
    httpStatusField: fact?.http_status_field ? place(fact.http_status_field) : null,
    nameFields: nameFields(rules, fact),
    isTokenRequest: provider.sync_engine === 'identity',
    correlationFields: rules.correlation_fields.filter((name) => mayHave(fact, name)),
    hasSource: mayHave(fact, 'File') && mayHave(fact, 'LineNumber'),
    outcomeRules,
    rules: matching.map(compileRule),
    conditionFields: [...new Set([...outcomeRules, ...matching.map((rule) => rule.when ?? {})].flatMap(fieldNames))],
    judgements: new Map(),
    simple: new Map(),
  }
}

/** Events that the table lacks may have any field. */
function mayHave(fact: EventFact | undefined, name: string): boolean {
  if (fact === undefined) return true
  return [fact.fields, ...(fact.variants ?? [])].some((fields) => fields.some((field) => field.name === name))
}

/** A provider that the catalog does not know: another application's. Nothing in it is read as ours. */
export function compileForeignEvent(): CompiledEvent {
  return {
    sync_engine: 'other',
    scope: 'other',
    outcome: null,
    level: null,
    codeFields: [],
    textFields: [],
    durationField: null,
    durationFactor: 1,
    collectionFields: [],
    httpStatusField: null,
    nameFields: [],
    isTokenRequest: false,
    correlationFields: [],
    hasSource: false,
    outcomeRules: [],
    rules: [],
    conditionFields: [],
    judgements: new Map(),
    simple: new Map(),
  }
}

function placer(fact: EventFact | undefined, rules: Rules): (name: string) => FieldPlace {
  return function place(name) {
    const index = fact?.fields.findIndex((field) => field.name === name) ?? -1
    return { name, position: index === -1 ? null : `param${index + 1}`, isWin32: rules.win32_fields.includes(name) }
  }
}

/** A number in such a field is a code of its own; only where the manifest has text can it be a name. */
function nameFields(rules: Rules, fact: EventFact | undefined): { name: string; prefix: string }[] {
  return rules.name_codes.flatMap(({ fields, prefix }) =>
    fields
      .filter((name) =>
        fact?.fields.some((field) => field.name === name && (prefix !== '' || field.type === 'UnicodeString')),
      )
      .map((name) => ({ name, prefix })),
  )
}

/** Rules that wait for facts, and those for when nothing else holds, are not looked up by event. */
function concerns(rule: Rule, provider: ProviderFact, eventId: number): boolean {
  if (rule.awaits !== undefined || rule.applies_when !== undefined) return false
  const isOurs = rule.providers?.includes(provider.name) ?? rule.engines?.includes(provider.sync_engine) ?? false
  return isOurs && (rule.events === undefined || rule.events.includes(eventId))
}

function compileRule(rule: Rule): CompiledRule {
  return {
    ...rule,
    codes: new Set((rule.when?.code ?? []).map((code) => canonicalCode(code))),
    anyCodes: (rule.when?.any_code ?? []).map((code) => canonicalCode(code)),
  }
}

function fieldNames(condition: { readonly fields?: Readonly<Record<string, unknown>> }): string[] {
  return Object.keys(condition.fields ?? {})
}
