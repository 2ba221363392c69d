/** What can be asked about dead letters and done with them, and the answers: shared by HTTP routes, command line and store. */
import { type Static, Type } from 'typebox'
import { DEAD_LETTER_STATES, type DeadLetterState } from '../dead-letter-action.ts'
import { DEAD_LETTER_REASONS, type DeadLetterReason } from '../dead-letter.ts'

const text = (description: string) => Type.String({ description })
const nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })
const count = (description: string) => Type.Integer({ minimum: 0, description })

const summary = {
  dead_letter_key: Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Names the letter.' }),
  tenant: text('Whose record it is.'),
  state: Type.Unsafe<DeadLetterState>({
    type: 'string',
    enum: DEAD_LETTER_STATES,
    description:
      'open: waits for somebody. replayed: its rows can be read. discarded: an operator has said that it is not wanted.',
  }),
  reopened: Type.Boolean({ description: 'It was replayed, and the same record was refused again since.' }),
  reason: text('Why it could not become an event; docs/errors.md lists all.'),
  detail: text('What exactly was wrong, at the last sighting.'),
  source_kind: text('file, http, simulator, kafka, transport.'),
  origin: text('Where the record stood, at the last sighting.'),
  shipper: nullable('The format it was read as, where one was recognised.'),
  length: count('Length of the whole record in bytes.'),
  first_seen: text('ISO 8601 UTC.'),
  last_seen: text('ISO 8601 UTC.'),
  seen: count('How often the same record was refused for the same reason.'),
  attempts: count('How often it was replayed, with or without success.'),
  attempted_at: nullable('When the last attempt began.'),
  attempt_reason: nullable('Why the last attempt failed; null where it did not.'),
  attempt_detail: nullable('What exactly was wrong at the last attempt.'),
  closed_at: nullable(
    'When it was replayed or discarded; null when never. Of a letter that is open again: the last time.',
  ),
  closed_by: nullable('Who did that.'),
  closed_version: nullable('The version of Roamwatch that did it.'),
  discard_reason: nullable('Why it was discarded.'),
}

const EXAMPLE = {
  dead_letter_key: '9b0f2c1de58a4f7d8c3e6a5b4d2f1e0c',
  tenant: 'default',
  state: 'open',
  reopened: false,
  reason: 'time_zone_unknown',
  detail: 'TimeCreated "2026-11-01 08:00:00" has no zone.',
  source_kind: 'file',
  origin: 'logs/pc7.json@1024',
  shipper: 'evtx_dump',
  length: 812,
  first_seen: '2026-11-01T09:12:44.1200000Z',
  last_seen: '2026-11-02T09:12:45.0030000Z',
  seen: 2,
  attempts: 0,
  attempted_at: null,
  attempt_reason: null,
  attempt_detail: null,
  closed_at: null,
  closed_by: null,
  closed_version: null,
  discard_reason: null,
} as const

export const DeadLetterSummary = Type.Object(summary, {
  $id: 'DeadLetterSummary',
  description: 'A record that could not become an event, without its bytes.',
  examples: [EXAMPLE],
})
export type DeadLetterSummary = Static<typeof DeadLetterSummary>

export const StoredDeadLetter = Type.Object(
  {
    ...summary,
    bytes: text('The record, base64, secrets removed; the first 64 KiB of one that was too large to keep.'),
    is_whole: Type.Boolean({ description: 'All of the record is kept. What was cut cannot be replayed.' }),
  },
  {
    $id: 'StoredDeadLetter',
    description: 'A record that could not become an event, with its bytes.',
    examples: [{ ...EXAMPLE, bytes: 'eyJFdmVudCI6e319', is_whole: true }],
  },
)
export type StoredDeadLetter = Static<typeof StoredDeadLetter>

export const DeadLetterPage = Type.Object(
  {
    dead_letters: Type.Array(Type.Unsafe<DeadLetterSummary>({ $ref: 'DeadLetterSummary#' }), {
      description: 'Last seen first; one a letter.',
    }),
    next: nullable('Give it back as `cursor` for the next page; null on the last.'),
  },
  {
    $id: 'DeadLetterPage',
    description: 'One page of dead letters.',
    examples: [{ dead_letters: [EXAMPLE], next: null }],
  },
)
export type DeadLetterPage = Static<typeof DeadLetterPage>

/** Which letters: all that are given must hold. */
export type DeadLetterFilter = {
  readonly tenant: string
  readonly states?: readonly DeadLetterState[]
  readonly reasons?: readonly string[]
  readonly sourceKinds?: readonly string[]
  /** ISO 8601 UTC, inclusive: last seen then or later. */
  readonly since?: string
}
export type DeadLetterQuery = DeadLetterFilter & {
  readonly limit: number
  /** What `DeadLetterPage.next` gave; any other is rejected with REQUEST_INVALID. */
  readonly cursor?: string
}

/**
 * replayed: its rows are stored. queued: safe with the queue; it is closed when a processor has stored its rows.
 * failed: refused again, or dropped by rule; it stays open. not_replayable: not all of the record was kept.
 */
export const REPLAY_OUTCOMES = ['replayed', 'queued', 'failed', 'not_replayable'] as const
export type ReplayOutcome = (typeof REPLAY_OUTCOMES)[number]

export const ReplayResult = Type.Object(
  {
    dead_letter_key: summary.dead_letter_key,
    outcome: Type.Unsafe<ReplayOutcome>({
      type: 'string',
      enum: REPLAY_OUTCOMES,
      description:
        'replayed: its rows are stored. queued: safe with the queue, closed when its rows are stored. failed: refused again or dropped by rule, stays open. not_replayable: not all of the record was kept.',
    }),
    events: count('Events that the record holds by today’s code.'),
    stored: count('Of these, new in the store.'),
    duplicates: count('Of these, in the store before.'),
    reason: nullable('Why it failed: a reason of dead letters, or the rule that dropped it; null where it did not.'),
    detail: nullable('What exactly was wrong, or what to do.'),
  },
  {
    $id: 'ReplayResult',
    description: 'What became of a dead letter that was replayed.',
    examples: [
      {
        dead_letter_key: EXAMPLE.dead_letter_key,
        outcome: 'replayed',
        events: 1,
        stored: 1,
        duplicates: 0,
        reason: null,
        detail: null,
      },
    ],
  },
)
export type ReplayResult = Static<typeof ReplayResult>

export const REASON_NAMES = Object.keys(DEAD_LETTER_REASONS) as DeadLetterReason[]

/** `{key}` of the routes of one letter. */
export const deadLetterParams = Type.Object({
  key: Type.String({
    pattern: '^[0-9a-fA-F]{32}$',
    title: '32 hex digits',
    description: 'The `dead_letter_key` of a letter.',
    examples: [EXAMPLE.dead_letter_key],
  }),
})

const requested_by = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 128,
    title: 'a name of 1 to 128 characters',
    description: 'Who asks for it; kept with the letter. `api` unless given.',
  }),
)

/** May be left out. */
export const ReplayRequest = Type.Union([Type.Object({ requested_by }, { additionalProperties: false }), Type.Null()])

export const DiscardRequest = Type.Object(
  {
    reason: Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '\\S',
      title: 'words, at most 500 characters',
      description: 'Why nobody needs the record; kept with the letter.',
    }),
    requested_by,
  },
  { additionalProperties: false },
)
