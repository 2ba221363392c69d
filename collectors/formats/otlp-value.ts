/** OTLP/JSON's tagged values (`{"stringValue": …}`, `{"kvlistValue": …}`) as plain ones. */
import { isObject, type Scope } from './field-values.ts'

/**
 * Maps become objects, lists become arrays, integers stay decimal text, bytes stay base64. What carries no tag is left
 * as it is: some exporters write bodies plainly. Nesting was limited when the record was read.
 */
export function plainValue(value: unknown, scope: Scope): unknown {
  if (!isObject(value)) return value
  if ('stringValue' in value) return value['stringValue']
  if ('intValue' in value) return markLossy(value['intValue'], scope)
  if ('kvlistValue' in value) return plainMap(value['kvlistValue'], scope)
  if ('arrayValue' in value) return plainList(value['arrayValue'], scope)
  if ('boolValue' in value) return value['boolValue']
  if ('doubleValue' in value) return value['doubleValue']
  if ('bytesValue' in value) return value['bytesValue']
  if (Object.keys(value).length === 0) return null
  return value
}

/** An empty map is written without its list: `{"kvlistValue": {}}`. */
function plainMap(list: unknown, scope: Scope): Record<string, unknown> {
  const values = isObject(list) && Array.isArray(list['values']) ? (list['values'] as unknown[]) : []
  const entries = values
    .filter(isObject)
    .map(({ key, value }): [string, unknown] => [typeof key === 'string' ? key : '', plainValue(value, scope)])
  // fromEntries defines properties, so that `__proto__` is a name like any other.
  return Object.fromEntries(entries)
}

function plainList(list: unknown, scope: Scope): unknown[] {
  const values = isObject(list) && Array.isArray(list['values']) ? (list['values'] as unknown[]) : []
  return values.map((value) => plainValue(value, scope))
}

function markLossy(value: unknown, scope: Scope): unknown {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) scope.isLossy = true
  return value
}
