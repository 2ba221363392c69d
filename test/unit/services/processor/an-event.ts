/** Whole events for tests, from the few fields that a test is about. */
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'

export function anEvent(of: Partial<WindowsEvent> = {}): WindowsEvent {
  return {
    computer: 'pc-0007.contoso.example',
    channel: 'Microsoft-Windows-AAD/Operational',
    provider: 'Microsoft-Windows-AAD',
    event_id: 1098,
    version: 0,
    level: 2,
    task: 0,
    opcode: 0,
    keywords: '0x4000000000000000',
    record_id: '4711',
    occurred_at: '2026-11-20T08:15:30.1234567Z',
    collected_at: null,
    user_sid: 'S-1-12-1-1111111111-1222222222-1333333333-1444444444',
    user: null,
    process_id: 1234,
    thread_id: 5678,
    activity_id: null,
    message: null,
    data: {},
    shipper: 'event_xml',
    ...of,
  }
}
