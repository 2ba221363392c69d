/** EventData and UserData as evtx_dump prints them. */
import { addDataField } from './data-fields.ts'
import { dataText, isObject, type JsonObject, type Scope } from './field-values.ts'

export function evtxDumpData(event: JsonObject, scope: Scope): Record<string, string> {
  const data: Record<string, string> = {}
  const eventData = event['EventData']
  if (isObject(eventData)) addEventData(data, eventData, scope)
  else if (typeof eventData === 'string' && eventData !== '') addDataField(data, 'EventData', 0, eventData)
  const userData = event['UserData']
  if (isObject(userData)) addUserData(data, userData, scope)
  for (const [name, value] of Object.entries(event)) {
    if (name === 'ProcessingErrorData' || name === 'DebugData') addElements(data, value, `${name}.`, scope)
    else if (name === 'BinaryEventData') addDataField(data, name, 0, elementText(value, scope))
  }
  return data
}

function addEventData(data: Record<string, string>, fields: JsonObject, scope: Scope): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'Data') addNameless(data, value, scope)
    else if (isAttributes(name, fields)) continue
    else if (hasElements(value)) addElements(data, value, `${name}.`, scope)
    else addDataField(data, name, 0, elementText(value, scope))
  }
}

/** Fields without a name come together: `"Data": {"#text": ["a", "b"]}`, or one of them alone. */
function addNameless(data: Record<string, string>, value: unknown, scope: Scope): void {
  const content = isObject(value) ? value['#text'] : value
  const values: readonly unknown[] = Array.isArray(content) ? content : [content]
  values.forEach((item, index) => {
    addDataField(data, undefined, index + 1, dataText(item, scope))
  })
}

/** The one element around the fields is left out; where it is itself the field, it gives the name. */
function addUserData(data: Record<string, string>, userData: JsonObject, scope: Scope): void {
  for (const [name, value] of Object.entries(userData)) {
    if (isAttributes(name, userData)) continue
    if (hasElements(value)) addElements(data, value, '', scope)
    else addDataField(data, name, 0, elementText(value, scope))
  }
}

function addElements(data: Record<string, string>, parent: unknown, prefix: string, scope: Scope): void {
  if (!isObject(parent)) {
    if (prefix !== '') addDataField(data, prefix.slice(0, -1), 0, dataText(parent, scope))
    return
  }
  for (const [key, value] of Object.entries(parent)) {
    if (isAttributes(key, parent)) continue
    const name = `${prefix}${elementName(key, parent)}`
    if (key === '#text') addTextBeside(data, value, prefix, scope)
    else if (hasElements(value)) addElements(data, value, `${name}.`, scope)
    else addDataField(data, name, 0, elementText(value, scope))
  }
}

function addTextBeside(data: Record<string, string>, value: unknown, prefix: string, scope: Scope): void {
  const text = dataText(value, scope)
  if (prefix !== '' && text.trim() !== '') addDataField(data, prefix.slice(0, -1), 0, text)
}

/** Repeated elements are Header, Header_1, Header_2; a name that only looks so has no such row before it. */
function elementName(key: string, parent: JsonObject): string {
  const match = /^(.+)_([1-9][0-9]*)$/.exec(key)
  if (match === null) return key
  const [, base = '', number = ''] = match
  const before = number === '1' ? base : `${base}_${Number(number) - 1}`
  return Object.hasOwn(parent, before) ? base : key
}

function elementText(value: unknown, scope: Scope): string {
  if (!isObject(value)) return dataText(value, scope)
  return dataText(value['#text'], scope)
}

/** `#attributes`, or with --separate-json-attributes the object `X_attributes` of a sibling `X`. */
function isAttributes(name: string, parent: JsonObject): boolean {
  if (name === '#attributes') return true
  return name.endsWith('_attributes') && isObject(parent[name]) && Object.hasOwn(parent, name.slice(0, -11))
}

/** Has an element others within, beside its own text and attributes? */
function hasElements(value: unknown): value is JsonObject {
  return isObject(value) && Object.keys(value).some((name) => name !== '#text' && !isAttributes(name, value))
}
