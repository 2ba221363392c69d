/** Events for the API's tests: two devices, three hours, every nullable field both ways, awkward values. */
import { EXAMPLE_EVENT } from '../../../../schemas/api/example-event.ts'
import type { ClassifiedEvent } from '../../../../schemas/classified-event.ts'

export function sampleEvent(number: number, fields: Partial<ClassifiedEvent> = {}): ClassifiedEvent {
  const minute = String(number % 60).padStart(2, '0')
  const hour = String(Math.floor(number / 60) % 24).padStart(2, '0')
  return {
    ...EXAMPLE_EVENT,
    event_key: number.toString(16).padStart(32, '0'),
    occurred_at: `2026-11-01T${hour}:${minute}:00.0000000Z`,
    record_id: String(number),
    ...fields,
  }
}

/** Values that a careless serialiser drops, rounds or breaks. */
export const AWKWARD: Partial<ClassifiedEvent> = {
  record_id: '18446744073709551615',
  revision: '18446744073709551615',
  process_id: 4294967295,
  duration_ms: 0.1,
  confidence: 0.30000000000000004,
  message: 'quote " backslash \\ newline \n \u2028 \u{1F4A5} </script> é',
  data: { '': 'empty name', 'a"b': '', constructor: 'x', toString: 'y', 'name#2': '\t' },
  candidates: [],
  codes: [],
  code: null,
  entry: null,
  device_id: null,
  user_sid: null,
}

export const SAMPLE_EVENTS: readonly ClassifiedEvent[] = [
  sampleEvent(0),
  sampleEvent(1, {
    device: 'device-02',
    computer: 'device-02.contoso.example',
    outcome: 'success',
    code: null,
    codes: [],
    entry: null,
  }),
  sampleEvent(61, {
    scope: 'identity',
    entry: null,
    candidates: [],
    code: '0x80070005',
    user_sid: 'S-1-5-21-1-2-3-1108',
  }),
  sampleEvent(62, AWKWARD),
  sampleEvent(125, { os_build: null, level: 3, event_id: 1097, provider: 'Microsoft-Windows-AAD' }),
  sampleEvent(126, { tenant: 'other-tenant' }),
]
