/** A record that could not become an event: kept whole, with why and from where, so that it can be replayed. */
import { type Static, Type } from 'typebox'

/** Every reason a record can be refused, and what it means. Public: metric label, column and documentation (docs/errors.md). */
export const DEAD_LETTER_REASONS = {
  not_utf8: 'The bytes are neither UTF-8 nor UTF-16 text.',
  not_json: 'The record is not well-formed JSON.',
  not_xml: 'The record is not well-formed XML.',
  xml_dtd: 'The XML has a DTD or declares entities; that is refused.',
  too_deep: 'The record nests deeper than 64 levels.',
  too_large: 'The record is larger than 16 MiB; its first 64 KiB are kept.',
  too_large_for_topic:
    'The event is larger than its Kafka topic takes (max.message.bytes); it is kept whole. Raise the limit and replay.',
  unknown_shape: 'The record is well-formed, but no known shipper writes this shape.',
  unknown_schema_version: 'The record was written by a newer version of Roamwatch; upgrade this one and replay.',
  invalid_event: 'A field of the event has a value that Windows cannot write.',
  no_computer: 'The event does not say which computer logged it.',
  no_event_id: 'The event has no event id.',
  no_time: 'The event has no time.',
  time_zone_unknown: "The event's time has no zone; set the source's time_zone and replay.",
  time_out_of_range: 'The time lies before 1990 or more than 366 days after the record was received.',
  truncated: 'The record ends in the middle.',
  store_refused:
    'The store refuses the row because of what is in it; the detail has its words. The other rows of its batch are stored. Mend the cause and replay.',
} as const
export type DeadLetterReason = keyof typeof DEAD_LETTER_REASONS

export const DeadLetter = Type.Object(
  {
    dead_letter_key: Type.String({
      pattern: '^[0-9a-f]{32}$',
      description:
        'First 16 bytes of SHA-256 over tenant, source kind, reason and bytes: the same broken record has the same key.',
    }),
    tenant: Type.String(),
    source_kind: Type.String({ description: 'file, http, simulator, kafka.', examples: ['file'] }),
    reason: Type.String({ description: `One of: ${Object.keys(DEAD_LETTER_REASONS).join(', ')}.` }),
    detail: Type.String({ description: 'What exactly was wrong, in one line.' }),
    origin: Type.String({
      description: 'Where the record stood: path and byte offset of a file, or topic, partition and offset.',
      examples: ['logs/pc7.json@1024'],
    }),
    bytes: Type.String({
      description: 'The record, base64, secrets removed; the first 64 KiB when it was larger than 16 MiB.',
    }),
    length: Type.Integer({ minimum: 0, description: 'Length of the whole record in bytes.' }),
    shipper: nullableString('The format it was read as, where one was recognised.'),
    received_at: Type.String({ description: 'ISO 8601 UTC.' }),
  },
  { $id: 'DeadLetter', description: 'One sighting of a record that could not become an event.' },
)
export type DeadLetter = Static<typeof DeadLetter>

function nullableString(description: string) {
  return Type.Union([Type.String(), Type.Null()], { description })
}
