/** One classified event as one row of `_events`, in RowBinary: a third of the server's work of JSON (docs/decisions/0004-store-layout.md). */
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { RowRefused } from '../event-store.ts'
import {
  takeRows,
  writeFloat64,
  writeGuid,
  writeKey,
  writeNoGuid,
  writeNullableString,
  writeString,
  writeTicks,
  writeUInt16,
  writeUInt32,
  writeUInt64,
  writeUInt8,
  writeVarUInt,
} from './row-writer.ts'
import { type Instant, parseInstant } from './times.ts'

/** Columns in the order in which a row is written. `stored_at` is left to the server. */
export const ROW_COLUMNS = [
  'tenant',
  'occurred_second',
  'event_key',
  'revision',
  'occurred_at',
  'collected_delay',
  'computer_rest',
  'device',
  'device_id',
  'channel',
  'provider',
  'event_id',
  'version',
  'level',
  'task',
  'opcode',
  'keywords',
  'record_id',
  'user_sid',
  'user',
  'process_id',
  'thread_id',
  'activity_guid',
  'texts',
  'data_names',
  'shipper',
  'fingerprint',
  'sync_engine',
  'scope',
  'outcome',
  'code',
  'codes',
  'aadsts',
  'symbol',
  'category',
  'transient',
  'entry',
  'confidence',
  'candidates',
  'rule',
  'collection',
  'duration_ms',
  'incident_id',
  'os_build',
  'os_ubr',
  'join_type',
  'catalog_version',
] as const

/** Texts before the data's values: message, correlation id, an activity id that is no GUID. */
const FIXED_TEXTS = 3

/** A row of its own; for many rows, `appendRow` them and take them together. */
export function encodeRow(row: ClassifiedEvent): Uint8Array {
  appendRow(row)
  return takeRows()
}

/**
 * Writes a row behind those already written (`row-writer.ts`).
 * Throws RowRefused, before it writes anything, when the row's time cannot be kept; the processor lets no such row through.
 */
export function appendRow(row: ClassifiedEvent): void {
  const occurred = parseInstant(row.occurred_at)
  if (occurred === undefined) {
    throw new RowRefused(`The time ${row.occurred_at} of event ${row.event_key} cannot be stored`)
  }
  writeString(row.tenant)
  writeUInt32(occurred.second)
  writeKey(row.event_key)
  writeUInt64(row.revision)
  writeTicks(occurred.second, occurred.fraction)
  writeDelay(occurred, row.collected_at)
  writeSystem(row)
  writeContent(row)
  writeVerdict(row)
}

function writeSystem(row: ClassifiedEvent): void {
  writeString(computerRest(row))
  writeString(row.device)
  writeNullableString(row.device_id)
  writeNullableString(row.channel)
  writeNullableString(row.provider)
  writeUInt16(row.event_id)
  writeNullable(row.version, writeUInt8)
  writeNullable(row.level, writeUInt8)
  writeNullable(row.task, writeUInt16)
  writeNullable(row.opcode, writeUInt8)
  writeNullableString(row.keywords)
  writeNullable(row.record_id, writeUInt64)
  writeNullableString(row.user_sid)
  writeNullableString(row.user)
  writeNullable(row.process_id, writeUInt32)
  writeNullable(row.thread_id, writeUInt32)
}

function writeContent(row: ClassifiedEvent): void {
  const isGuid = row.activity_id !== null && writeGuid(row.activity_id)
  if (row.activity_id === null) writeNoGuid()
  const names = Object.keys(row.data)
  writeVarUInt(FIXED_TEXTS + names.length)
  writeNullableString(row.message)
  writeNullableString(row.correlation_id)
  writeNullableString(isGuid ? null : row.activity_id)
  for (const value of Object.values(row.data)) writeNullableString(value)
  writeVarUInt(names.length)
  for (const name of names) writeString(name)
  writeString(row.shipper)
  writeNullableString(row.fingerprint)
}

function writeVerdict(row: ClassifiedEvent): void {
  writeString(row.sync_engine)
  writeString(row.scope)
  writeString(row.outcome)
  writeNullableString(row.code)
  writeVarUInt(row.codes.length)
  for (const code of row.codes) writeString(code)
  writeNullable(row.aadsts, writeUInt32)
  writeNullableString(row.symbol)
  writeNullableString(row.category)
  writeNullableString(row.transient)
  writeNullableString(row.entry)
  writeFloat64(row.confidence)
  writeString(row.candidates.length === 0 ? '' : candidatesText(row.candidates))
  writeNullableString(row.rule)
  writeNullableString(row.collection)
  writeNullable(row.duration_ms, writeFloat64)
  writeNullableString(row.incident_id)
  writeNullable(row.os_build, writeUInt32)
  writeNullable(row.os_ubr, writeUInt32)
  writeNullableString(row.join_type)
  writeUInt16(row.catalog_version)
}

/** The classifier hands out the same few lists again and again; each is turned into text once. */
const candidateTexts = new WeakMap<ClassifiedEvent['candidates'], string>()
function candidatesText(candidates: ClassifiedEvent['candidates']): string {
  let text = candidateTexts.get(candidates)
  if (text === undefined) {
    text = JSON.stringify(candidates)
    candidateTexts.set(candidates, text)
  }
  return text
}

function writeNullable<T>(value: T | null, write: (value: T) => void): void {
  if (value === null) {
    writeUInt8(1)
    return
  }
  writeUInt8(0)
  write(value)
}

/** Ticks from the event to its collection: small numbers, where two times of their own would be large ones. */
function writeDelay(occurred: Instant, text: string | null): void {
  const collected = text === null ? undefined : parseInstant(text)
  if (collected === undefined) {
    writeUInt8(1)
    return
  }
  writeUInt8(0)
  // At most 136 years of ticks, beyond 2^53: seconds and fraction go separately.
  const fraction = collected.fraction - occurred.fraction
  const seconds = collected.second - occurred.second
  if (fraction < 0) writeTicks(seconds - 1, fraction + 10_000_000)
  else writeTicks(seconds, fraction)
}

/** What follows the device's name in the computer's, or NUL and the whole name where it begins otherwise. */
function computerRest({ computer, device }: ClassifiedEvent): string {
  if (!computer.startsWith(device)) return `\0${computer}`
  const rest = computer.slice(device.length)
  return rest.charCodeAt(0) === 0 ? `\0${computer}` : rest
}
