/** Our own WindowsEvent as JSON: dead letters that are replayed, what `classify` printed, messages of our topics. */
import { loadCompile } from '../../schemas/load-checkers.ts'
import { WindowsEvent } from '../../schemas/windows-event.ts'
import { isObject, type JsonObject, type Refusal, refuse } from './field-values.ts'
import type { JsonShape } from './json-shape.ts'

export const roamwatch: JsonShape = {
  name: 'roamwatch',
  marks: ['occurred_at'],
  recognises: (record) => typeof record['occurred_at'] === 'string' && isObject(record['data']),
  decode: decodeRoamwatch,
}

const compileEvent = () => loadCompile()(WindowsEvent)
let compiled: ReturnType<typeof compileEvent> | undefined
const FIELDS = Object.keys(WindowsEvent.properties)

/** The event as it was written, without what a later stage added to it. */
function decodeRoamwatch(record: JsonObject): WindowsEvent | Refusal {
  const validator = (compiled ??= compileEvent())
  const event: Record<string, unknown> = {}
  for (const name of FIELDS) event[name] = record[name] ?? null
  if (validator.Check(event)) return event
  if (typeof record['computer'] !== 'string' || record['computer'] === '')
    return refuse('no_computer', 'computer is missing')
  if (record['event_id'] === undefined) return refuse('no_event_id', 'event_id is missing')
  const [first] = validator.Errors(event)
  return refuse('invalid_event', `${first?.instancePath ?? ''} ${first?.message ?? 'is not valid'}`.trim())
}
