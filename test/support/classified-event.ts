/** Rows for tests of the store: one plain event, changed where a test needs it. */
import { createHash } from 'node:crypto'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'

/** 32 hex digits that belong to a name. */
export const keyOf = (name: string | number) => createHash('sha256').update(String(name)).digest('hex').slice(0, 32)

const PLAIN: ClassifiedEvent = {
  event_key: keyOf('plain'),
  tenant: 'default',
  computer: 'pc-01.contoso.example',
  device: 'pc-01',
  device_id: null,
  channel: 'Microsoft-Windows-AAD/Operational',
  provider: 'Microsoft-Windows-AAD',
  event_id: 1098,
  version: 0,
  level: 2,
  task: 101,
  opcode: 0,
  keywords: '0x4000000000000012',
  record_id: '1234',
  occurred_at: '2026-11-02T10:20:30.1234567Z',
  collected_at: '2026-11-02T10:21:00.0000000Z',
  stored_at: null,
  user_sid: 'S-1-5-21-1-2-3-1001',
  user: 'CONTOSO\\ada',
  process_id: 1000,
  thread_id: 2000,
  activity_id: '5b1d3f6e-0000-4000-8000-000000000001',
  message: 'Error: 0xCAA5001C',
  data: { Error: '3399811100' },
  shipper: 'evtx',
  sync_engine: 'identity',
  scope: 'roaming',
  outcome: 'failure',
  code: '0xCAA5001C',
  codes: ['0xCAA5001C'],
  aadsts: null,
  symbol: null,
  category: 'token-broker',
  transient: 'maybe',
  entry: 'known-1098-0xcaa5001c',
  confidence: 0.9,
  candidates: [{ entry: 'known-1098-0xcaa5001c', confidence: 0.9, missing: [] }],
  rule: 'R01',
  collection: null,
  duration_ms: null,
  incident_id: null,
  correlation_id: null,
  fingerprint: null,
  os_build: null,
  os_ubr: null,
  join_type: null,
  catalog_version: 1,
  revision: '1',
}

/** The plain event with `name` as its identity and `change` on top. */
export function eventRow(name: string | number, change: Partial<ClassifiedEvent> = {}): ClassifiedEvent {
  return { ...PLAIN, event_key: keyOf(name), ...change }
}
