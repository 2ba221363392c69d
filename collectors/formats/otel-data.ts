/** `event_data` and `user_data` of the windowseventlog receiver, in each of its generations. */
import { addDataField } from './data-fields.ts'
import { dataText, isObject, type JsonObject, type Scope } from './field-values.ts'

export function dataOfBody(body: JsonObject, scope: Scope): Record<string, string> {
  const data: Record<string, string> = {}
  const eventData = body['event_data']
  if (isObject(eventData)) {
    if (Array.isArray(eventData['data'])) addList(data, eventData['data'], eventData['binary'], scope)
    else addMap(data, eventData, scope)
  } else if (Array.isArray(eventData)) addList(data, eventData, undefined, scope)
  const userData = body['user_data']
  if (isObject(userData)) {
    for (const [name, value] of Object.entries(userData))
      if (name !== 'xml_name') addDataField(data, name, 0, dataText(value, scope))
  }
  return data
}

/** `[{"Error": "1"}, {"": "a value without a name"}]`, in the order of the event. */
function addList(data: Record<string, string>, fields: readonly unknown[], binary: unknown, scope: Scope): void {
  fields.forEach((field, index) => {
    if (!isObject(field)) addDataField(data, undefined, index + 1, dataText(field, scope))
    else for (const [name, value] of Object.entries(field)) addDataField(data, name, index + 1, dataText(value, scope))
  })
  if (typeof binary === 'string') addDataField(data, 'Binary', 0, binary)
}

function addMap(data: Record<string, string>, fields: JsonObject, scope: Scope): void {
  const names = Object.keys(fields)
  const isNumbered = onlyNumbered(names)
  for (const name of names) {
    const value = dataText(fields[name], scope)
    if (name === 'binary' && !('Binary' in fields)) addDataField(data, 'Binary', 0, value)
    // Only where no field has a name is the count among the nameless the place among all.
    else if (isNumbered && name.startsWith('Data')) addDataField(data, undefined, Number(name.slice(4)), value)
    else addDataField(data, name, 0, value)
  }
}

/** Are the fields exactly Data1, Data2, … (beside the receiver's own `name` and `binary`)? */
function onlyNumbered(names: readonly string[]): boolean {
  const fields = names.filter((name) => name !== 'name' && name !== 'binary')
  return fields.length > 0 && fields.every((name, index) => name === `Data${index + 1}`)
}
