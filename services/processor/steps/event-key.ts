/**
 * The identity of an event: the same event through two shippers, or sent twice, has the same key. The recipe and its
 * test vectors are in docs/decisions/0001-event-key.md; it never changes without a new version number in the array.
 */
import { hash } from 'node:crypto'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import type { EventTime } from './event-time.ts'

/** What of an event goes into its key. `computer` in lower case. */
export type KeyParts = Pick<
  WindowsEvent,
  'computer' | 'channel' | 'record_id' | 'provider' | 'event_id' | 'data' | 'message'
>

/**
 * 32 hex digits: the first 16 bytes of SHA-256 over the UTF-8 of a JSON array of strings. With channel, provider and
 * record id: `["1", tenant, computer, channel, record_id, provider, event_id, second]`. Without one of them:
 * `["1x", tenant, computer, time with seven digits, canonical data, message]`.
 */
export function eventKey(tenant: string, event: KeyParts, time: EventTime): string {
  const text =
    event.channel && event.provider && event.record_id !== null
      ? `["1",${quotedTenant(tenant)},${quotedComputer(event.computer)},${quotedChannel(event.channel)},"${event.record_id}",${quotedProvider(event.provider)},"${event.event_id}","${time.second}"]`
      : JSON.stringify(['1x', tenant, event.computer, time.full, canonicalData(event.data), event.message ?? ''])
  return hash('sha256', text, 'hex').slice(0, 32)
}

/** JSON array of [name, value] pairs, sorted by the UTF-16 code units of the name: independent of the order of the fields. */
export function canonicalData(data: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(data).sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** Makes a text's JSON spelling once: computers, channels and providers repeat all the time, mostly right behind each other. */
function createQuoted(): (text: string) => string {
  const spellings = new Map<string, string>()
  let lastText = ''
  let lastSpelling = '""'
  return function quoted(text) {
    if (text === lastText) return lastSpelling
    let spelling = spellings.get(text)
    if (spelling === undefined) {
      spelling = JSON.stringify(text)
      if (text.length > MAX_KEPT_LENGTH) return spelling
      if (spellings.size >= MAX_SPELLINGS) spellings.clear()
      spellings.set(text, spelling)
    }
    lastText = text
    lastSpelling = spelling
    return spelling
  }
}

const MAX_SPELLINGS = 10_000
const MAX_KEPT_LENGTH = 1000
const quotedTenant = createQuoted()
const quotedComputer = createQuoted()
const quotedChannel = createQuoted()
const quotedProvider = createQuoted()
