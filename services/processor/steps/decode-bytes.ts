/** The JSON of an event, as a queue carries it: comes from outside, so it is checked here, once, against the schema. */
import { Compile } from 'typebox/compile'
import { WindowsEvent } from '../../../schemas/windows-event.ts'
import type { DecodeBytes } from './decode.ts'
import { MAX_RECORD_BYTES, reject, type Rejected } from './reject.ts'

/** Compiles the schema. What is made never throws because of its input; fields that the schema does not know are ignored. */
export function createDecodeBytes(): DecodeBytes {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const schema = Compile(WindowsEvent)

  function reasonFor(value: unknown): Rejected {
    const [first] = schema.Errors(value)
    const place = first === undefined ? '/data' : first.instancePath || 'event'
    // A path holds names from the record: one line, and not too long.
    const detail = `${JSON.stringify(place.slice(0, 100)).slice(1, -1)} ${first?.message ?? 'must be string'}`
    return missingField(value) ?? reject('invalid_event', detail)
  }

  return function decodeBytes(bytes: Uint8Array): WindowsEvent | Rejected {
    if (bytes.length > MAX_RECORD_BYTES) return reject('too_large', `${bytes.length} bytes`)
    let json: string
    try {
      json = utf8.decode(bytes)
    } catch {
      return reject('not_utf8', 'the bytes are not UTF-8')
    }
    let value: unknown
    try {
      value = JSON.parse(json)
    } catch {
      // The parser's own words quote the text, and a dead letter's detail must not.
      return reject('not_json', 'the text is not well-formed JSON')
    }
    // The schema's pattern for names (`.*`) does not reach names with a line break in them.
    if (schema.Check(value) && Object.values(value.data).every((field) => typeof field === 'string')) return value
    return reasonFor(value)
  }
}

/** The three fields without which there is no event have reasons of their own. */
function missingField(value: unknown): Rejected | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('unknown_shape', 'the JSON value is no object')
  }
  const fields: Readonly<Record<string, unknown>> = { ...value }
  if (isMissing(fields['computer'])) return reject('no_computer', 'computer is missing or empty')
  if (isMissing(fields['event_id'])) return reject('no_event_id', 'event_id is missing')
  if (isMissing(fields['occurred_at'])) return reject('no_time', 'occurred_at is missing or empty')
  return undefined
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}
