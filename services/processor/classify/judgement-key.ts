/** Equal evidence of one kind of event gives equal judgements: what names the evidence, so that a judgement is made once. */
import type { CompiledEvent } from './compile-event.ts'
import type { Evidence } from './evidence.ts'
import { readField, type Fields } from './read-field.ts'
import type { ResourceKind } from './token-request.ts'

const MAX_LENGTH = 400
const SAYS: Readonly<Record<Evidence['say'], number>> = { nothing: 0, success: 1, warning: 2, error: 3 }
const RESOURCES: Readonly<Record<ResourceKind, number>> = { none: 0, sync: 1, other: 2 }

/**
 * A number for the common case, an event whose judgement hangs on nothing but its level, its one code or none, and the
 * resource; undefined for all others. Below 2^45, so exact.
 */
export function simpleKey(
  event: CompiledEvent,
  evidence: Evidence,
  resource: ResourceKind,
  level: number | null,
): number | undefined {
  const { codes, aadsts } = evidence
  if (codes.length > 1 || aadsts.length > 0 || event.conditionFields.length > 0) return undefined
  if (event.nameFields.length > 0 || event.httpStatusField !== null) return undefined
  const small = (SAYS[evidence.say] * 3 + RESOURCES[resource]) * 257 + (level ?? 256)
  return (codes[0] ?? 0) * 4096 + small
}

/** A text for all cases; undefined when it would be too long to be kept. */
export function wholeKey(
  event: CompiledEvent,
  evidence: Evidence,
  resource: ResourceKind,
  level: number | null,
  data: Fields,
  names: readonly string[],
): string | undefined {
  let key = `${evidence.say}|${resource}|${level ?? ''}|${evidence.codes.join()}|${evidence.aadsts.join()}`
  for (const name of names) key += measured(name)
  for (const name of event.conditionFields) key += measured(data[name])
  if (event.httpStatusField !== null) key += measured(readField(data, event.httpStatusField))
  return key.length > MAX_LENGTH ? undefined : key
}

/** With its length before it, so that no two lists of texts make the same key. */
function measured(text: string | undefined): string {
  return text === undefined ? '|' : `|${text.length}:${text}`
}
