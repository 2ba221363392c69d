/**
 * The text that Fluent Bit writes with `render_event_as_text`: a line `Name=value` for each field, in a fixed order, the message
 * last and with as many lines as it has.
 */
import type { JsonObject } from './field-values.ts'

export function isFluentBitText(text: string): boolean {
  return text.startsWith('ProviderName=') && text.includes('\nEventRecordID=')
}

/** The same names and values as where each field is a property of its own; numbers as text. */
export function readFluentBitText(text: string): JsonObject {
  const at = text.indexOf('\nMessage=')
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const line of (at === -1 ? text : text.slice(0, at)).split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) fields[line.slice(0, equals)] = line.slice(equals + 1)
  }
  if (at !== -1) fields['Message'] = text.slice(at + '\nMessage='.length)
  return fields
}
