/**
 * What is done about a dead letter: attempts to replay it, and discarding it. A letter has no state of its own that two
 * writers could spoil: rows of these are only ever added, and the state follows from all of them in whatever order they came.
 */
import { type Static, Type } from 'typebox'

const KEY = '^[0-9a-f]{32}$'

/** Travels with an event that comes out of a dead letter, so that whoever stores it can close the letter. */
export const Replay = Type.Object(
  {
    dead_letter_key: Type.String({ pattern: KEY }),
    attempt: Type.String({ minLength: 1, maxLength: 64, description: 'Names this attempt; each has one of its own.' }),
    part: Type.Integer({ minimum: 0, description: 'Which event of the record this is, from 0.' }),
    parts: Type.Integer({
      minimum: 1,
      description: 'How many records the letter gave: it is closed when all are stored.',
    }),
    covers: Type.Integer({
      minimum: 1,
      description: 'How often the letter had been seen when this attempt began: later sightings open it again.',
    }),
    requested_by: Type.String({ maxLength: 128 }),
    requested_at: Type.String({ maxLength: 32, description: 'ISO 8601 UTC.' }),
  },
  { $id: 'Replay', additionalProperties: false },
)
export type Replay = Static<typeof Replay>

/**
 * stored: the row of one part can be read. failed: a part was refused or dropped by rule again, for `reason`.
 * discarded: an operator does not want the letter, for `reason`.
 */
export type DeadLetterVerb = 'stored' | 'failed' | 'discarded'

/** Written twice it is one row: its name is tenant, dead_letter_key, attempt and part. */
export type DeadLetterAction = Replay & {
  readonly tenant: string
  readonly action: DeadLetterVerb
  /** Of failed: a DeadLetterReason or a drop rule; of discarded: the operator's words; of stored: empty. */
  readonly reason: string
  readonly detail: string
  /** Version of Roamwatch that stored or refused it. */
  readonly version: string
}

/**
 * open: nothing was stored of it, or it was seen again after it was replayed. replayed: its rows can be read.
 * discarded: an operator has said that it is not wanted; stays so when it is seen again.
 */
export const DEAD_LETTER_STATES = ['open', 'replayed', 'discarded'] as const
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number]
