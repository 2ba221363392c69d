/** One stored row and one verdict: the event, what is known about its device and user, and what it means. */
import { type Static, Type } from 'typebox'
import { nullable, WindowsEvent } from './windows-event.ts'

export const SYNC_ENGINES = [
  'settingsync',
  'cloudstore',
  'windows_backup',
  'identity',
  'registration',
  'other',
] as const
export const SCOPES = ['roaming', 'identity', 'other'] as const
export const OUTCOMES = ['failure', 'success', 'notice'] as const
export const TRANSIENCES = ['yes', 'maybe', 'no'] as const
export type SyncEngine = (typeof SYNC_ENGINES)[number]
export type Scope = (typeof SCOPES)[number]
export type Outcome = (typeof OUTCOMES)[number]
export type Transience = (typeof TRANSIENCES)[number]

const oneOf = <const T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, description })

export const Candidate = Type.Object({
  entry: Type.String({ description: 'Catalog entry id.', examples: ['known-1098-0xcaa5001c'] }),
  confidence: Type.Number({ minimum: 0, maximum: 1 }),
  missing: Type.Array(Type.String(), { description: 'Names of the facts that would settle it.' }),
})
export type Candidate = Static<typeof Candidate>

/** What the classifier says of one event. */
export const Verdict = Type.Object({
  sync_engine: oneOf(SYNC_ENGINES, 'Which engine or stage logged it.'),
  scope: oneOf(SCOPES, 'roaming: the sync itself; identity: token, PRT or registration; other: unrelated.'),
  outcome: oneOf(OUTCOMES, 'failure, success or notice.'),
  code: nullable(
    Type.String({ pattern: '^0x[0-9A-F]{8}$' }),
    'Outermost error code, canonical, for example 0xCAA5001C.',
  ),
  codes: Type.Array(Type.String(), { description: 'All codes, outermost first.' }),
  aadsts: nullable(Type.Integer({ minimum: 10000, maximum: 9999999 }), 'Microsoft Entra error number (AADSTS…).'),
  symbol: nullable(Type.String(), 'Symbolic name of the code.'),
  category: nullable(Type.String(), 'Category of the cause, or of the code where no cause is known.'),
  transient: nullable(oneOf(TRANSIENCES, 'Clears by itself?'), 'Does it clear by itself? yes, maybe, no.'),
  entry: nullable(Type.String(), 'The known cause, when one candidate has confidence >= 0.6 and leads by >= 0.2.'),
  confidence: Type.Number({ minimum: 0, maximum: 1, description: "The best candidate's confidence; 0 without one." }),
  candidates: Type.Array(Candidate, { description: 'Possible causes, best first.' }),
  rule: nullable(Type.String(), 'The rule that gave the best candidate, for example R01.'),
  collection: nullable(Type.String(), 'The settings collection or item the event speaks of.'),
  duration_ms: nullable(Type.Number({ minimum: 0 }), 'Duration that the event reports, in milliseconds.'),
  incident_id: nullable(Type.String(), 'Incident the event belongs to.'),
  correlation_id: nullable(Type.String(), "The identity request's own correlation id: lower-case GUID without braces."),
  fingerprint: nullable(Type.String(), 'Trace line without addresses, thread ids and counters; equal for repeats.'),
})
export type Verdict = Static<typeof Verdict>

const { properties: event } = WindowsEvent

export const ClassifiedEvent = Type.Object(
  {
    event_key: Type.String({
      pattern: '^[0-9a-f]{32}$',
      description: 'Identity of the event (docs/decisions/0001-event-key.md).',
    }),
    tenant: Type.String(),
    computer: event.computer,
    device: Type.String({ description: 'Device name: first DNS label of computer until facts say more.' }),
    device_id: nullable(Type.String(), 'Microsoft Entra device id.'),
    channel: event.channel,
    provider: event.provider,
    event_id: event.event_id,
    version: event.version,
    level: event.level,
    task: event.task,
    opcode: event.opcode,
    keywords: event.keywords,
    record_id: event.record_id,
    occurred_at: Type.String({
      description: 'ISO 8601 UTC, seven fraction digits.',
      examples: ['2024-11-15T15:02:03.6949840Z'],
    }),
    collected_at: event.collected_at,
    stored_at: nullable(Type.String(), 'When the row was stored: ISO 8601 UTC; null before that.'),
    user_sid: event.user_sid,
    user: event.user,
    process_id: event.process_id,
    thread_id: event.thread_id,
    activity_id: event.activity_id,
    message: event.message,
    data: event.data,
    shipper: event.shipper,
    ...Verdict.properties,
    os_build: nullable(Type.Integer(), 'Windows build, for example 22631.'),
    os_ubr: nullable(Type.Integer(), 'Update build revision.'),
    join_type: nullable(Type.String(), 'entra-joined, entra-hybrid-joined, …'),
    catalog_version: Type.Integer({ minimum: 1, maximum: 65535, description: 'Version of the catalog that judged.' }),
    revision: Type.String({
      pattern: '^[0-9]+$',
      description:
        'UInt64 in decimal: richness of the copy (16 bits), catalog version (16), facts position (32). The highest is shown.',
    }),
  },
  { $id: 'ClassifiedEvent', description: 'One event with its verdict.' },
)
export type ClassifiedEvent = Static<typeof ClassifiedEvent>
