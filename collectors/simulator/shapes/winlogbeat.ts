/** The event as Winlogbeat 8 ships it: milliseconds, `event_id` as text, no carriage returns, no empty fields. */
import { LEVEL_NAMES, type LoggedEvent } from './logged-event.ts'

export function toWinlogbeat(event: LoggedEvent): string {
  const { content } = event
  const message = content.message?.replaceAll('\r\n', '\n')
  return JSON.stringify({
    '@timestamp': new Date(event.atMs).toISOString(),
    agent: { id: '1751edc0-760c-4637-bf88-257c35b4f211', name: hostOf(event), type: 'winlogbeat', version: '8.19.12' },
    ecs: { version: '8.0.0' },
    event: {
      code: String(content.event_id),
      created: new Date(event.atMs + 1500 + (event.ticks % 1000)).toISOString(),
      kind: 'event',
      provider: content.provider,
    },
    host: { name: event.computer },
    log: { level: LEVEL_NAMES[content.level].toLowerCase() },
    message,
    winlog: {
      api: 'wineventlog',
      channel: content.channel,
      computer_name: event.computer,
      event_data: dataOf(event),
      event_id: String(content.event_id),
      opcode: 'Info',
      process: { pid: event.processId, thread: { id: event.threadId } },
      provider_guid: content.guid ?? undefined,
      provider_name: content.provider,
      record_id: event.recordId,
      user: { identifier: event.userSid, domain: 'AzureAD', name: event.userName, type: 'User' },
      activity_id: event.activityId === null ? undefined : `{${event.activityId}}`,
    },
  })
}

function dataOf({ content }: LoggedEvent): Record<string, string> | undefined {
  const filled = content.data.filter(([, value]) => value !== '')
  if (filled.length === 0) return undefined
  return Object.fromEntries(filled.map(([name, value]) => [name, value.replaceAll('\r\n', '\n').trimEnd()]))
}

function hostOf({ computer }: LoggedEvent): string {
  return computer.split('.')[0] ?? computer
}
