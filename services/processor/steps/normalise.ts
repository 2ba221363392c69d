/**
 * Step 2. Brings what differs between shippers to one form: the time to seven digits, the computer to lower case, nameless
 * values to the names that Windows' manifest gives their positions. Adds the event's key, device and richness.
 */
import type { EventFact, ProviderFact } from '../../../schemas/catalog/catalog.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { EARLIEST_SECOND, LATEST_AHEAD_SECONDS, parseEventTime } from './event-time.ts'
import { eventKey } from './event-key.ts'
import { reject, type Rejected } from './reject.ts'
import { richnessOf } from './revision.ts'

export type NormalisedEvent = {
  readonly kind: 'normalised'
  readonly event: WindowsEvent
  readonly event_key: string
  /** First DNS label in lower case; a whole IPv4 address stays whole. */
  readonly device: string
  /** Seven fraction digits. */
  readonly occurred_at: string
  /** The event's fields, positions named where the manifest names them. */
  readonly data: Readonly<Record<string, string>>
  readonly richness: number
}

type Name = { readonly computer: string; readonly device: string }
const MAX_NAMES = 20_000
const MAX_UINT64 = '18446744073709551615'

/** `receivedSecond` of a call: whole seconds since 1970 when the batch came; later than that by more than 366 days is no time. */
export type Normalise = (tenant: string, event: WindowsEvent, receivedSecond: number) => NormalisedEvent | Rejected

export function createNormalise(providers: ReadonlyMap<string, ProviderFact>): Normalise {
  const names = new Map<string, Name>()
  // Events of one device mostly come behind each other.
  let lastComputer = ''
  let lastName: Name = { computer: '', device: '' }

  function nameOf(computer: string): Name {
    if (computer === lastComputer) return lastName
    let name = names.get(computer)
    if (name === undefined) {
      if (names.size >= MAX_NAMES) names.clear()
      const lower = computer.toLowerCase()
      name = { computer: lower, device: firstLabel(lower) }
      names.set(computer, name)
    }
    lastComputer = computer
    lastName = name
    return name
  }

  return function normalise(tenant, event, receivedSecond) {
    const time = parseEventTime(event.occurred_at)
    if (time === undefined) return reject('invalid_event', 'occurred_at is no moment in ISO 8601 UTC')
    if (time.second < EARLIEST_SECOND || time.second > receivedSecond + LATEST_AHEAD_SECONDS) {
      return reject('time_out_of_range', `occurred_at ${event.occurred_at}`)
    }
    if (isBeyondUint64(event.record_id)) return reject('invalid_event', 'record_id is larger than 2^64-1')
    const { computer, device } = nameOf(event.computer)
    if (device === '') return reject('no_computer', 'computer has no name before its first dot')
    const own = computer === event.computer ? event : { ...event, computer }
    let fields = 0
    let first = ''
    for (const field in own.data) if (fields++ === 0) first = field
    return {
      kind: 'normalised',
      event: own,
      // From the fields as they came: what the catalog knows must never change a key.
      event_key: eventKey(tenant, own, time),
      device,
      occurred_at: time.full,
      data: first === 'param1' ? nameFields(own, providers) : own.data,
      richness: richnessOf(own, time.digits, fields),
    }
  }
}

function isBeyondUint64(recordId: string | null): boolean {
  return recordId !== null && recordId.length >= 20 && (recordId.length > 20 || recordId > MAX_UINT64)
}

function firstLabel(computer: string): string {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(computer) || computer.includes(':')) return computer
  const dot = computer.indexOf('.')
  return dot === -1 ? computer : computer.slice(0, dot)
}

/**
 * Gives `param1`, `param2`, … the names of the manifest, when every field is nameless and one build of Windows has exactly
 * as many; where two builds of that length disagree, or none has it, the positions stay.
 */
function nameFields(
  event: WindowsEvent,
  providers: ReadonlyMap<string, ProviderFact>,
): Readonly<Record<string, string>> {
  const { data } = event
  if (event.provider === null) return data
  const fact = providers.get(event.provider)?.events.get(event.event_id)
  if (fact === undefined) return data
  const names = namesOfLength(fact, Object.keys(data).length)
  if (names === undefined) return data
  const named: Record<string, string> = {}
  for (const [index, name] of names.entries()) {
    const value = data[`param${index + 1}`]
    if (value === undefined) return data
    named[name] = value
  }
  return named
}

function namesOfLength(fact: EventFact, length: number): readonly string[] | undefined {
  const lists = [fact.fields, ...(fact.variants ?? [])].filter((fields) => fields.length === length)
  const [first, ...others] = lists.map((fields) => fields.map((field) => field.name))
  return others.every((names) => names.every((name, index) => name === first?.[index])) ? first : undefined
}
