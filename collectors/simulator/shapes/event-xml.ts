/** The event as wevtutil and Windows Event Forwarding write it. */
import { type LoggedEvent, systemTime } from './logged-event.ts'

export function toEventXml(event: LoggedEvent): string {
  const { content } = event
  const guid = content.guid === null ? '' : ` Guid='${content.guid}'`
  const correlation = event.activityId === null ? '<Correlation/>' : `<Correlation ActivityID='{${event.activityId}}'/>`
  const data = content.data.map(([name, value]) => `<Data Name='${name}'>${escapeXml(value)}</Data>`).join('')
  return (
    `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='${content.provider}'${guid}/>` +
    `<EventID>${content.event_id}</EventID><Version>0</Version><Level>${content.level}</Level><Task>${content.task}</Task>` +
    `<Opcode>0</Opcode><Keywords>${content.keywords}</Keywords><TimeCreated SystemTime='${systemTime(event)}'/>` +
    `<EventRecordID>${event.recordId}</EventRecordID>${correlation}` +
    `<Execution ProcessID='${event.processId}' ThreadID='${event.threadId}'/><Channel>${content.channel}</Channel>` +
    `<Computer>${event.computer}</Computer><Security UserID='${event.userSid}'/></System><EventData>${data}</EventData></Event>`
  )
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

function escapeXml(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? character)
}
