/** Does a rule hold? Pure functions of what was read from the event. */
import type { Condition, FieldCondition } from '../../../schemas/catalog/rules-file.ts'
import type { Outcome } from '../../../schemas/classified-event.ts'
import type { CompiledRule } from './compile-event.ts'
import type { Evidence } from './evidence.ts'
import type { Fields } from './read-field.ts'
import type { ResourceKind } from './token-request.ts'

export type Situation = {
  readonly evidence: Evidence
  readonly outcome: Outcome
  readonly resource: ResourceKind
  readonly data: Fields
}

export function holds(rule: CompiledRule, situation: Situation): boolean {
  const { when } = rule
  if (when === undefined) return true
  const { evidence } = situation
  const [outermost] = evidence.codes
  if (when.code !== undefined && (outermost === undefined || !rule.codes.has(outermost))) return false
  if (when.any_code !== undefined && !rule.anyCodes.some((code) => evidence.codes.includes(code))) return false
  if (when.outcome !== undefined && when.outcome !== situation.outcome) return false
  if (when.resource !== undefined && when.resource !== situation.resource) return false
  return (
    holdsAadsts(when.aadsts, evidence.aadsts) && (when.fields === undefined || fieldsHold(when.fields, situation.data))
  )
}

function holdsAadsts(condition: Condition['aadsts'], numbers: readonly number[]): boolean {
  if (condition === undefined) return true
  if (condition === 'none') return numbers.length === 0
  if (condition === 'any') return numbers.length > 0
  return condition.some((number) => numbers.includes(number))
}

export function fieldsHold(conditions: Readonly<Record<string, FieldCondition>>, data: Fields): boolean {
  for (const name in conditions) {
    const condition = conditions[name]
    const text = data[name]
    if (condition === undefined || text === undefined || !fieldHolds(condition, text)) return false
  }
  return true
}

function fieldHolds(condition: FieldCondition, text: string): boolean {
  if ('min' in condition) {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN
    return number >= condition.min && number <= (condition.max ?? Infinity)
  }
  const lower = text.toLowerCase()
  return condition.some((value) => value.toLowerCase() === lower)
}
