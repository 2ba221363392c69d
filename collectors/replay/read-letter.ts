/** What today's code makes of a dead letter's bytes. */
import type { StoredDeadLetter } from '../../schemas/api/dead-letters.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { decodeMessage } from '../formats/decode-message.ts'
import type { Intake, Taken } from '../intake.ts'

export type Reading = {
  readonly events: readonly WindowsEvent[]
  /** Why not all of it is an event to store: a DeadLetterReason, or the rule that drops it. */
  readonly failure: { readonly reason: string; readonly detail: string } | undefined
}

/** A record inside an .evtx file ([MS-EVEN6], EventRecord) begins with these bytes. */
const EVTX_RECORD = Buffer.from([0x2a, 0x2a, 0, 0])

/** `timeZone`: IANA zone of times that carry none. */
export function readLetter(letter: StoredDeadLetter, intake: Intake, timeZone: string | undefined): Reading {
  const bytes = Buffer.from(letter.bytes, 'base64')
  if (bytes.subarray(0, 4).equals(EVTX_RECORD)) {
    const detail = `A record of an .evtx file cannot be read outside it: import the file again (${letter.origin}).`
    return { events: [], failure: { reason: letter.reason, detail } }
  }
  const zone = timeZone === undefined ? {} : { timeZone }
  // Collected is what it was when it was last seen, not when somebody replays it.
  const decoded = decodeMessage(bytes, { receivedAt: letter.last_seen, ...zone })
  const taken = intake.take(decoded, () => letter.origin)
  return { events: taken.events, failure: failureOf(taken) }
}

function failureOf({ events, deadLetters, droppedBy }: Taken): Reading['failure'] {
  const [refused] = deadLetters
  if (refused !== undefined) return { reason: refused.reason, detail: refused.detail }
  if (events.length > 0) return undefined
  const [drop] = droppedBy
  if (drop === undefined) return { reason: 'unknown_shape', detail: 'The bytes hold no record.' }
  const provider = drop.provider ?? 'no provider'
  const detail =
    drop.rule === 'expired'
      ? 'The event is older than retention_days: it would be dropped. Discard the letter.'
      : `Events of ${provider} are not kept (setting keep): replay with --keep-all, or discard the letter.`
  return { reason: drop.rule, detail }
}
