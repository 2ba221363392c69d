/**
 * One Windows event, normalised: what every collector emits, whatever shipper's shape it came in, and what a transport
 * carries. `null` means that the copy did not carry the field; nothing is guessed. Names follow Windows' event schema
 * (MSDN "Event Schema", `System` element), in snake_case.
 */
import { type Static, Type } from 'typebox'

export const nullable = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })

export const WindowsEvent = Type.Object(
  {
    computer: Type.String({
      minLength: 1,
      maxLength: 512,
      description:
        "System/Computer in lower case: the device that logged the event, never the agent's or collector's host.",
      examples: ['device-01.contoso.example'],
    }),
    channel: nullable(Type.String(), 'System/Channel, for example Microsoft-Windows-SettingSync/Debug.'),
    provider: nullable(Type.String(), 'System/Provider@Name, for example Microsoft-Windows-AAD.'),
    event_id: Type.Integer({
      minimum: 0,
      maximum: 65535,
      description: 'System/EventID. Only (provider, event_id) is a key.',
    }),
    version: nullable(Type.Integer({ minimum: 0, maximum: 255 }), 'System/Version.'),
    level: nullable(
      Type.Integer({ minimum: 0, maximum: 255 }),
      'System/Level: 0 always, 1 critical, 2 error, 3 warning, 4 information, 5 verbose.',
    ),
    task: nullable(Type.Integer({ minimum: 0, maximum: 65535 }), 'System/Task.'),
    opcode: nullable(Type.Integer({ minimum: 0, maximum: 255 }), 'System/Opcode.'),
    keywords: nullable(
      Type.String({ pattern: '^0x[0-9a-f]{16}$' }),
      'System/Keywords, 64 bits as 0x and 16 lower-case hex digits, for example 0x4000000000000012.',
    ),
    record_id: nullable(
      Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$' }),
      'System/EventRecordID in decimal, up to 2^64-1; a string, since it does not fit a double.',
    ),
    occurred_at: Type.String({
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,7})?Z$',
      description: 'System/TimeCreated@SystemTime: ISO 8601 UTC with the digits that this copy had (100 ns at most).',
      examples: ['2024-11-15T15:02:03.6949840Z', '2024-11-15T15:02:03.694Z'],
    }),
    collected_at: nullable(Type.String(), 'When the shipper or collector read the event: ISO 8601 UTC.'),
    user_sid: nullable(Type.String(), 'System/Security@UserID, for example S-1-5-21-….'),
    user: nullable(Type.String(), 'DOMAIN\\name as the shipper resolved it.'),
    process_id: nullable(Type.Integer({ minimum: 0, maximum: 4294967295 }), 'System/Execution@ProcessID.'),
    thread_id: nullable(Type.Integer({ minimum: 0, maximum: 4294967295 }), 'System/Execution@ThreadID.'),
    activity_id: nullable(Type.String(), 'System/Correlation@ActivityID: lower-case GUID without braces.'),
    message: nullable(
      Type.String(),
      "The rendered message, in the device's display language. Never classified by wording.",
    ),
    data: Type.Record(Type.String(), Type.String(), {
      description:
        "EventData or UserData: name to text as Windows' XML prints it. Unnamed values are param1, param2, … by position; a repeated name becomes name#2.",
      examples: [{ Error: '3399811100', ErrorMessage: 'Token broker operation failed.' }],
    }),
    shipper: Type.String({
      description:
        'The format the copy came in: evtx, event_xml, winlogbeat, elastic_agent, otel, fluent_bit, vector, evtx_dump.',
    }),
  },
  { $id: 'WindowsEvent', description: 'One Windows event, normalised.' },
)
export type WindowsEvent = Static<typeof WindowsEvent>
