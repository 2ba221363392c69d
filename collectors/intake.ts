/**
 * The one place through which every collector's decoded records pass, whatever the source: checks what no format can
 * check alone, drops by rule, removes secrets, and accounts for every record (received = events + dead letters + dropped).
 */
import type { Catalog } from '../schemas/catalog/catalog.ts'
import type { DeadLetter, DeadLetterReason } from '../schemas/dead-letter.ts'
import type { WindowsEvent } from '../schemas/windows-event.ts'
import type { Tally } from '../services/runtime/telemetry/collect-tally.ts'
import { createDeadLetter } from './dead-letter.ts'
import type { Damage, Decoded, DecodedEvent } from './formats/format.ts'
import { createDropCount, createKeepRule, type DroppedBy, type Keep } from './keep-providers.ts'
import { createSecretRemover } from './redact-secrets.ts'

export type IntakeDeps = {
  readonly catalog: Pick<Catalog, 'providers'>
  readonly tenant: string
  readonly keep: Keep
  /** file, http, simulator, kafka: part of a dead letter's key. */
  readonly sourceKind: string
  /** Milliseconds since 1970, as `Date.now`. */
  readonly clock: () => number
  /** Older events are dropped by rule (`expired`); null keeps events of any age. */
  readonly retentionDays?: number | null
  /** Told of all that was taken. */
  readonly tally?: Tally
}

export type Taken = {
  readonly events: readonly WindowsEvent[]
  readonly deadLetters: readonly DeadLetter[]
  /** Events left out by rule; `droppedBy` tells which, and its sum is `dropped`. */
  readonly dropped: number
  readonly droppedBy: readonly DroppedBy[]
  /** Stretches that hold no readable record; not counted as received. */
  readonly damaged: readonly Damage[]
}

export type Intake = {
  readonly tenant: string
  /** `originOf` turns a record's byte offset into the place that an operator can look up, for example `pc7.json@1024`. */
  take(decoded: readonly Decoded[], originOf: (offset: number) => string): Taken
}

/** A wrong clock is a cause worth seeing, nonsense is not. */
const EARLIEST = '1990-01-01T00:00:00'
const DAY_MS = 24 * 3600 * 1000
const MAX_AHEAD_MS = 366 * DAY_MS

export function createIntake(deps: IntakeDeps): Intake {
  const secrets = createSecretRemover(deps.catalog)
  const isKept = createKeepRule(deps.catalog, deps.keep)
  const { retentionDays = null } = deps

  function take(decoded: readonly Decoded[], originOf: (offset: number) => string): Taken {
    const now = deps.clock()
    const receivedAt = new Date(now).toISOString()
    const latest = new Date(now + MAX_AHEAD_MS).toISOString()
    const floor = retentionDays === null ? '' : new Date(now - retentionDays * DAY_MS).toISOString()
    const events: WindowsEvent[] = []
    const deadLetters: DeadLetter[] = []
    const damaged: Damage[] = []
    const drops = createDropCount()

    const refuse = (
      record: { reason: DeadLetterReason; detail: string; bytes: Uint8Array; length: number; shipper: string | null },
      offset: number,
    ) => {
      deadLetters.push(createDeadLetter(deps, { ...record, origin: originOf(offset), receivedAt }, secrets))
    }
    for (const one of decoded) {
      if (one.kind === 'damage') damaged.push(one)
      else if (one.kind === 'reject') refuse(one, one.offset)
      else if (!isKept(one.event)) drops.add('unknown_provider', one.event.provider, one.event.channel, 1)
      else if (isExpired(one.event, floor)) drops.add('expired', one.event.provider, one.event.channel, 1)
      else {
        const fault = faultOf(one.event, latest)
        if (fault === undefined) events.push(secrets.event(one.event))
        else refuse(asRefused(one, secrets.event(one.event), fault), one.offset)
      }
    }
    const taken = { events, deadLetters, dropped: drops.total, droppedBy: drops.list(), damaged }
    deps.tally?.(taken)
    return taken
  }
  return { tenant: deps.tenant, take }
}

/** A time before 1990 is no age: it is a dead letter, whatever the retention. */
function isExpired({ occurred_at }: WindowsEvent, floor: string): boolean {
  return occurred_at < floor && occurred_at >= EARLIEST
}

type Fault = { readonly reason: DeadLetterReason; readonly detail: string }

/** ISO 8601 UTC compares as text: all have the same digits before the fraction. */
function faultOf(event: WindowsEvent, latest: string): Fault | undefined {
  if (event.computer.trim() === '') {
    return { reason: 'no_computer', detail: 'System/Computer is missing or empty.' }
  }
  if (event.occurred_at < EARLIEST || event.occurred_at > latest) {
    return { reason: 'time_out_of_range', detail: `${event.occurred_at} is not between 1990-01-01 and ${latest}.` }
  }
  return undefined
}

/**
 * The record as it stood there. But a record of an EVTX file cannot be read without its chunk, and raw bytes can spell a
 * secret in more ways than can be searched for: there the clean event is kept, as our own JSON, which can be replayed.
 */
function asRefused({ event, bytes: raw }: DecodedEvent, clean: WindowsEvent, fault: Fault) {
  const bytes = event.shipper === 'evtx' || clean !== event ? Buffer.from(JSON.stringify(clean)) : raw()
  return { ...fault, bytes, length: bytes.length, shipper: event.shipper }
}
