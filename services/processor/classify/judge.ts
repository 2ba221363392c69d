/** From what was read to what it means: outcome, scope, candidates, entry. Pure; equal inputs share one judgement. */
import type { Catalog, CodeFact } from '../../../schemas/catalog/catalog.ts'
import { describeCode } from '../../../schemas/catalog/describe-code.ts'
import { formatErrorCode } from '../../../schemas/catalog/error-code.ts'
import type { Outcome, Scope, Transience } from '../../../schemas/classified-event.ts'
import type { CompiledEvent, CompiledRule } from './compile-event.ts'
import { fieldsHold, holds } from './conditions.ts'
import type { Evidence } from './evidence.ts'
import type { Judgement } from './judgement.ts'
import { readField, type Fields } from './read-field.ts'
import type { ResourceKind } from './token-request.ts'

export type JudgeInput = {
  readonly event: CompiledEvent
  readonly evidence: Evidence
  readonly resource: ResourceKind
  readonly data: Fields
  readonly level: number | null
  /** Error names found in fields, as catalog codes (`invalid_grant`, `WTRS:3`). */
  readonly names: readonly string[]
}

/** An entry needs this confidence and this lead over the next candidate. */
const ENTRY_CONFIDENCE = 0.6
const ENTRY_LEAD = 0.2
/** 0.7 - 0.5 is a little less than 0.2 in binary. */
const ROUNDING = 1e-9

export function createJudge(catalog: Catalog) {
  return function judge(input: JudgeInput): Judgement {
    const { event, evidence, resource, data } = input
    const outcome = outcomeOf(input)
    const holding = event.rules.filter((rule) => holds(rule, { evidence, outcome, resource, data }))
    const ranked = rankCandidates(holding, catalog)
    const [best, next] = ranked
    const leads = best !== undefined && best.confidence - (next?.confidence ?? 0) >= ENTRY_LEAD - ROUNDING
    const entry = leads && best.confidence >= ENTRY_CONFIDENCE ? catalog.entries.get(best.entry) : undefined
    const meaning = explain(catalog, input, outcome)
    const fromCode = meaning.category !== null && best?.rule.category_from === 'code'
    return {
      scope: scopeOf(event, resource),
      outcome,
      code: evidence.codes[0] === undefined ? null : formatErrorCode(evidence.codes[0]),
      codes: evidence.codes.map(formatErrorCode),
      aadsts: evidence.aadsts[0] ?? null,
      symbol: meaning.symbol,
      category: entry === undefined || fromCode ? meaning.category : entry.category,
      transient: entry?.transient ?? meaning.transient,
      entry: entry?.id ?? null,
      confidence: best?.confidence ?? 0,
      candidates: ranked.map(({ entry: id, confidence, missing }) => ({ entry: id, confidence, missing })),
      rule: best?.rule.id ?? holding[0]?.id ?? fallbackRule(meaning),
    }
  }
}

/** A named field first, then the codes, then the HTTP status, then the table, then the level. */
function outcomeOf({ event, evidence, data, level }: JudgeInput): Outcome {
  for (const rule of event.outcomeRules) if (fieldsHold(rule.fields, data)) return rule.outcome
  if (evidence.say === 'error') return 'failure'
  if (evidence.say === 'success') return event.outcome ?? 'success'
  if (evidence.say === 'warning') return event.outcome === 'success' ? 'success' : 'notice'
  const status = event.httpStatusField === null ? undefined : readField(data, event.httpStatusField)
  if (status !== undefined && /^[1-5]\d\d$/.test(status)) return Number(status) >= 400 ? 'failure' : 'success'
  if (event.outcome !== null) return event.outcome
  const shown = event.level ?? level
  return shown === 1 || shown === 2 ? 'failure' : 'notice'
}

/** A token request belongs to whom the token was for. */
function scopeOf(event: CompiledEvent, resource: ResourceKind): Scope {
  if (resource === 'none') return event.scope
  return resource === 'sync' ? 'roaming' : 'other'
}

type Ranked = { entry: string; confidence: number; missing: string[]; rule: CompiledRule }

/** The best of each entry, highest confidence first, then in the order of the rules. */
function rankCandidates(rules: readonly CompiledRule[], catalog: Catalog): Ranked[] {
  const best = new Map<string, Ranked>()
  for (const rule of rules) {
    for (const candidate of rule.candidates) {
      const { entry, confidence } = candidate
      if (confidence > (best.get(entry)?.confidence ?? 0))
        best.set(entry, { entry, confidence, missing: candidate.missing ?? defaultMissing(candidate, catalog), rule })
    }
  }
  return [...best.values()].sort((left, right) => right.confidence - left.confidence)
}

/**
 * From 0.85 on nothing is missing: the event itself settles it. Asked of the entry only when a rule holds: each entry is
 * parsed when it is first looked at, and all of them took a fifth of the time of a short `classify`.
 */
function defaultMissing({ entry, confidence }: CompiledRule['candidates'][number], catalog: Catalog): string[] {
  return confidence >= 0.85 ? [] : [...(catalog.entries.get(entry)?.facts_needed ?? [])]
}

type Meaning = {
  readonly symbol: string | null
  readonly category: string | null
  readonly transient: Transience | null
  /** Is there anything to explain, and did the catalog explain it? */
  readonly hasCode: boolean
  readonly isKnown: boolean
}

/** An Entra number is the server's own reason, so it comes before the code of the client that received it. */
function explain(catalog: Catalog, { evidence, names }: JudgeInput, outcome: Outcome): Meaning {
  const [code] = evidence.codes
  const [aadsts] = evidence.aadsts
  const described = code === undefined ? undefined : describeCode(catalog, code)
  const server = aadsts === undefined ? undefined : catalog.codes.get(`AADSTS${aadsts}`)
  const named = outcome === 'success' ? undefined : firstFact(catalog, names)
  const ofCode = described?.known ? described : undefined
  const reason = server ?? ofCode ?? named
  return {
    symbol: described === undefined ? ((server ?? named)?.symbol ?? null) : described.symbol,
    category: reason?.category ?? null,
    transient: reason?.transient ?? null,
    hasCode: code !== undefined || aadsts !== undefined || named !== undefined,
    isKnown: reason !== undefined,
  }
}

function firstFact(catalog: Catalog, names: readonly string[]): CodeFact | undefined {
  return names.map((name) => catalog.codes.get(name)).find((fact) => fact !== undefined)
}

/** R14: the code's own explanation is all there is; R15: not even that. */
function fallbackRule({ hasCode, isKnown }: Meaning): string | null {
  if (!hasCode) return null
  return isKnown ? 'R14' : 'R15'
}
