/** Events and records for tests: a Winlogbeat line, event XML, and the sinks that take what becomes of them. */
import type { Batch, Receipt, Sink } from '../../services/transport/transport.ts'

export type EventFields = {
  readonly computer?: string
  readonly provider?: string
  readonly channel?: string
  readonly eventId?: number
  /** Decimal text: numbers beyond 2^53 must stand in JSON as they are. */
  readonly recordId?: string
  readonly time?: string
  readonly message?: string
  readonly data?: Readonly<Record<string, string>>
}

const DEFAULTS = {
  computer: 'DEVICE-01.contoso.example',
  provider: 'Microsoft-Windows-AAD',
  channel: 'Microsoft-Windows-AAD/Operational',
  eventId: 1104,
  recordId: '9',
  time: '2026-11-24T08:00:00.123Z',
  message: 'AAD Cloud AP plugin call Get token returned error: 0xC000005F',
  data: { API: 'Get token', Result: '3221225567' },
}

/** One line, without line feed. */
export function winlogbeatLine(fields: EventFields = {}): string {
  const { computer, provider, channel, eventId, recordId, time, message, data } = { ...DEFAULTS, ...fields }
  return JSON.stringify({
    '@timestamp': time,
    agent: { type: 'winlogbeat', version: '8.19.12' },
    event: { code: String(eventId), provider },
    log: { level: 'error' },
    message,
    winlog: {
      channel,
      computer_name: computer,
      event_data: data,
      event_id: String(eventId),
      provider_name: provider,
      record_id: '@record_id@',
    },
  }).replace('"@record_id@"', recordId)
}

export function eventXml(fields: EventFields = {}): string {
  const { computer, provider, channel, eventId, recordId, time, data } = { ...DEFAULTS, ...fields }
  const values = Object.entries(data).map(([name, value]) => `<Data Name='${name}'>${value}</Data>`)
  return (
    `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='${provider}'/>` +
    `<EventID>${eventId}</EventID><Version>0</Version><Level>2</Level><Task>0</Task><Opcode>0</Opcode>` +
    `<Keywords>0x4000000000000012</Keywords><TimeCreated SystemTime='${time}'/><EventRecordID>${recordId}</EventRecordID>` +
    `<Correlation/><Execution ProcessID='4' ThreadID='8'/><Channel>${channel}</Channel><Computer>${computer}</Computer>` +
    `<Security/></System><EventData>${values.join('')}</EventData></Event>`
  )
}

/** A sink that keeps everything; an event (computer, channel, record id) is stored once and a duplicate after that. */
export function createMemorySink() {
  const batches: Batch[] = []
  const keys = new Set<string>()
  const sink: Sink = {
    send(batch) {
      batches.push(batch)
      return Promise.resolve(receive(batch))
    },
  }
  function receive({ events, deadLetters, dropped }: Batch): Receipt {
    const before = keys.size
    for (const { computer, channel, record_id } of events) keys.add(JSON.stringify([computer, channel, record_id]))
    const stored = keys.size - before
    return {
      received: events.length + deadLetters.length + dropped,
      accepted: events.length,
      dead_lettered: deadLetters.length,
      dropped,
      stored,
      duplicates: events.length - stored,
    }
  }
  return {
    sink,
    batches,
    events: () => batches.flatMap((batch) => batch.events),
    deadLetters: () => batches.flatMap((batch) => batch.deadLetters),
  }
}
