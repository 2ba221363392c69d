/** Events for the storage figure. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { eventRow } from '../support/classified-event.ts'
import { createRandom } from '../support/seeded-random.ts'

const START = '2026-11-01T00:00:00Z'

/** Devices of the storage figure, each with its user and its shipper's ids. */
const FLEET = Array.from({ length: 2000 }, (_, number) => ({
  device: `pc-${number}`,
  user: `CONTOSO\\user${number}`,
  sid: `S-1-5-21-1000000001-2000000001-3000000001-${1000 + number}`,
  agentId: randomUUID(),
  ephemeralId: randomUUID(),
}))
export type FleetDevice = (typeof FLEET)[number]

/**
 * Half token failures (1098), half trace lines (6065), as Winlogbeat ships them, with everything fresh that is fresh in the field:
 * GUIDs, addresses, thread ids, times. The rendered message repeats the data, as Windows' messages do.
 */
export function freshEvents(count: number): readonly { readonly event: ClassifiedEvent; readonly from: FleetDevice }[] {
  const random = createRandom(1)
  const below = (limit: number) => Math.floor(random() * limit)
  const address = () =>
    `00007FF${below(2 ** 36)
      .toString(16)
      .toUpperCase()
      .padStart(9, '0')}`
  return Array.from({ length: count }, (_, number) => {
    const from = FLEET[below(FLEET.length)]!
    const thread = below(30_000)
    const time = new Date(Date.parse(START) + number * 10_000 + below(10_000)).toISOString()
    const common = {
      event_key: randomBytes(16).toString('hex'),
      occurred_at: time.replace('Z', '0000Z'),
      collected_at: new Date(Date.parse(time) + below(60_000)).toISOString().replace('Z', '0000Z'),
      record_id: String(1000 + Math.floor(number / FLEET.length)),
      computer: `${from.device}.contoso.example`,
      device: from.device,
      user_sid: from.sid,
      user: from.user,
      process_id: below(20_000),
      thread_id: thread,
      shipper: 'winlogbeat',
    }
    const event = number % 2 === 0 ? tokenFailure(common) : traceLine(common, thread, below(900), address(), address())
    return { event, from }
  })
}

function tokenFailure(common: Partial<ClassifiedEvent>): ClassifiedEvent {
  const correlation = randomUUID()
  const detail = `Operation name: GetTokenSilently, Error: -895156196 (0xcaa5001c), Description: Token broker operation failed. Correlation ID: ${correlation}\nLogged at WebAccountProcessor.cpp, line: 663, method: AAD::Core::WebAccountProcessor::ReportOperationError.`
  return eventRow('token failure', {
    ...common,
    activity_id: randomUUID(),
    correlation_id: correlation,
    message: `Error: 0xCAA5001C Token broker operation failed.\n${detail}`,
    data: { Error: '3399811100', ErrorMessage: 'Token broker operation failed.', AdditionalInformation: detail },
  })
}

function traceLine(
  common: Partial<ClassifiedEvent>,
  thread: number,
  line: number,
  at: string,
  caller: string,
): ClassifiedEvent {
  const kind = 'shell\\roaming\\cloudsync\\cloudsyncengine\\cloudsyncengine.cpp'
  const text = `${kind}(${line})\\SettingSyncHost.exe!${at}: (caller: ${caller}) ReturnHr[PreRelease](17) tid(${thread.toString(16)}) 80070533 This user can't sign in because this account is currently disabled. CallContext:[\\AttemptSyncActivity]`
  return eventRow('trace line', {
    ...common,
    channel: 'Microsoft-Windows-SettingSync/Debug',
    provider: 'Microsoft-Windows-SettingSync',
    event_id: 6065,
    sync_engine: 'settingsync',
    activity_id: null,
    message: text,
    data: { Message: text },
    code: '0x80070533',
    codes: ['0x80070533'],
    entry: 'possible-account-disabled',
    fingerprint: `${kind}(${line})\\SettingSyncHost.exe ReturnHr 0x80070533`,
  })
}
