/** Answers of POST /v1/events: what became of what was sent. */
import { type Static, Type } from 'typebox'

const count = (description: string) => Type.Integer({ minimum: 0, description })

const places = {
  damaged: Type.Array(
    Type.Object({
      path: Type.String({ description: '`body`, and for archives the name inside: `body!logs/pc7.evtx`.' }),
      offset: count('Bytes from the start of the unpacked content.'),
      length: count('Bytes; 0 where the end is missing.'),
      reason: Type.String(),
    }),
    { description: 'Stretches in which no record could be read. Not received.' },
  ),
  skipped: Type.Array(Type.Object({ path: Type.String(), reason: Type.String() }), {
    description: 'Contents of an archive that are of no known format.',
  }),
}

const nameOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

const droppedBy = Type.Array(
  Type.Object({
    rule: Type.Union([Type.Literal('unknown_provider'), Type.Literal('expired')], {
      description:
        '`unknown_provider`: its provider is not in the catalog (setting `keep`); `expired`: it is older than `retention_days`.',
    }),
    provider: nameOrNull('null where the copy did not say, and for the rest after 1000 groups.'),
    channel: nameOrNull('null as `provider`.'),
    events: count('How many.'),
  }),
  { description: 'What was dropped and by which rule, most first; the sum is `dropped`.' },
)

export const Stored = Type.Object(
  {
    files: count('Contents of a known format: the body itself, or the files in it where it is an archive.'),
    received: count('Records; always stored + duplicates + dead_lettered + dropped.'),
    stored: count(
      'New events. Where two processes send the same event to one store at the same moment, both may count it here; readers see one row.',
    ),
    duplicates: count('Events that were there already, or twice in the body.'),
    dead_lettered: count('Records that could not become an event; they are kept with the reason.'),
    dropped: count('Events that are not kept, by rule.'),
    facts: count('Facts about devices and users.'),
    ...places,
    dropped_by: droppedBy,
  },
  { $id: 'Stored', description: 'Everything is in the store.' },
)
export type Stored = Static<typeof Stored>

export const Accepted = Type.Object(
  {
    received: count('Records; always accepted + dead_lettered + dropped.'),
    accepted: count('Events on their way to the store.'),
    dead_lettered: count('Records that could not become an event; they are kept with the reason.'),
    dropped: count('Events of providers that are not kept.'),
    ...places,
  },
  { $id: 'Accepted', description: 'Everything is safe with the queue and will be stored.' },
)
export type Accepted = Static<typeof Accepted>
