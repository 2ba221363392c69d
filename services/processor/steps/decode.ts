/**
 * Step 1. An event of the direct transport was checked by its collector and passes as it is. Bytes come from outside
 * (Kafka) and are checked here, once, against the schema.
 */
import { Compile } from 'typebox/compile'
import { WindowsEvent } from '../../../schemas/windows-event.ts'
import { MAX_RECORD_BYTES, reject, type PipelineInput, type Rejected } from './reject.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })
const schema = Compile(WindowsEvent)

/** Total: never throws because of its input. Fields that the schema does not know are ignored. */
export function decode(input: PipelineInput): WindowsEvent | Rejected {
  return input instanceof Uint8Array ? decodeBytes(input) : input
}

function decodeBytes(bytes: Uint8Array): WindowsEvent | Rejected {
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
  return reason(value)
}

/** Says why: the three fields without which there is no event have reasons of their own. */
function reason(value: unknown): Rejected {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('unknown_shape', 'the JSON value is no object')
  }
  const fields: Readonly<Record<string, unknown>> = { ...value }
  if (isMissing(fields['computer'])) return reject('no_computer', 'computer is missing or empty')
  if (isMissing(fields['event_id'])) return reject('no_event_id', 'event_id is missing')
  if (isMissing(fields['occurred_at'])) return reject('no_time', 'occurred_at is missing or empty')
  const [first] = schema.Errors(value)
  return reject(
    'invalid_event',
    first ? `${first.instancePath || 'event'} ${first.message}` : 'data holds a value that is no text',
  )
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}
