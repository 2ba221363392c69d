/**
 * Builds one WindowsEvent out of the tags, attributes and texts of one `<Event>`, whoever reads them. Namespaces are
 * left to the reader: names come without prefix. Source of the layout: Windows' Event Schema (event.xsd).
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { addDataField } from './data-fields.ts'
import { finishEventXml, type SystemTexts } from './event-xml-system.ts'
import { type Refusal, refuse } from './field-values.ts'
import { type FormatContext, MAX_DEPTH } from './format.ts'

export type EventXmlBuilder = {
  /** Forgets everything: a new event begins. */
  reset(): void
  open(name: string): void
  /** Attributes follow the `open` of their element. */
  attribute(name: string, value: string): void
  text(text: string): void
  close(): void
  /** The event that was read since `reset`. Never throws. */
  finish(context: FormatContext): WindowsEvent | Refusal
}

const SYSTEM = 1
const EVENT_DATA = 2
const USER_DATA = 3
const RENDERING_INFO = 4
const OTHER = 5
const SECTIONS: ReadonlyMap<string, number> = new Map([
  ['System', SYSTEM],
  ['EventData', EVENT_DATA],
  ['UserData', USER_DATA],
  ['RenderingInfo', RENDERING_INFO],
])

/** An element that is open: kept and used again for every element of its depth. */
type Frame = { tag: string; name: string; position: number; dataChildren: number; hasChildren: boolean; text: string }

export function createEventXmlBuilder(): EventXmlBuilder {
  const frames: Frame[] = Array.from({ length: MAX_DEPTH + 2 }, emptyFrame)
  let frame = emptyFrame()
  let depth = 0
  let isTooDeep = false
  let root = ''
  let section = 0
  let hasSystem = false
  let system: SystemTexts = {}
  let data: Record<string, string> = {}
  let message = ''
  let pending = ''

  function reset(): void {
    depth = section = 0
    isTooDeep = hasSystem = false
    root = message = pending = ''
    system = {}
    data = {}
  }

  function open(tag: string): void {
    depth++
    if (depth > MAX_DEPTH) {
      isTooDeep = true
      return
    }
    if (depth > 2) {
      frame.hasChildren = true
      if (section !== SYSTEM) frame.text += pending
    }
    pending = ''
    const parent = frame
    frame = frames[depth] ?? frame
    frame.tag = tag
    frame.name = ''
    frame.text = ''
    frame.hasChildren = false
    frame.dataChildren = 0
    if (tag === 'Data') frame.position = ++parent.dataChildren
    else if (depth === 2) {
      section = SECTIONS.get(tag) ?? OTHER
      if (section === SYSTEM) hasSystem = true
    } else if (depth === 1) root = tag
  }

  function attribute(name: string, value: string): void {
    if (section === SYSTEM) {
      if (depth === 3) systemAttribute(system, frame.tag, name, value)
    } else if (name === 'Name' && depth > 2 && !isTooDeep) frame.name = value
  }

  function text(text: string): void {
    pending = pending === '' ? text : pending + text
  }

  function close(): void {
    if (depth > MAX_DEPTH) {
      depth--
      return
    }
    if (depth === 3 && section === SYSTEM) systemElement(system, frame.tag, pending)
    else if (depth === 3 && section === EVENT_DATA && !frame.hasChildren)
      addDataField(data, frame.tag === 'Data' ? frame.name : frame.name || frame.tag, frame.position, pending)
    else if (section === RENDERING_INFO) {
      if (depth === 3 && frame.tag === 'Message') message = frame.text + pending
    } else if (depth >= 2 && section !== SYSTEM) closeField()
    pending = ''
    depth--
    if (depth > 0) frame = frames[depth] ?? frame
    if (depth === 1) section = 0
  }

  /** A leaf is a field; so is the text beside the elements of one that is no leaf, where there is any. */
  function closeField(): void {
    const value = frame.text + pending
    const isLeaf = !frame.hasChildren && (depth > 2 || section === OTHER)
    if (!isLeaf && value.trim() === '') return
    addDataField(data, fieldPath(), 0, value)
  }

  function fieldPath(): string {
    // The section's own name goes before the fields of sections that have no meaning of their own
    // (ProcessingErrorData, DebugData), and the element around the fields of UserData is left out.
    const first = section === OTHER ? 2 : section === USER_DATA ? Math.min(4, depth) : Math.min(3, depth)
    const names: string[] = []
    for (let at = first; at <= depth; at++) {
      const { tag, name, position } = frames[at] ?? emptyFrame()
      names.push(name !== '' ? name : tag === 'Data' ? `param${position}` : tag)
    }
    return names.join('.')
  }

  function finish(context: FormatContext): WindowsEvent | Refusal {
    if (isTooDeep) return refuse('too_deep', `the XML nests deeper than ${MAX_DEPTH} levels`)
    if (root !== 'Event' || !hasSystem) return refuse('unknown_shape', `<${root.slice(0, 40)}> is no Windows event`)
    return finishEventXml(system, data, message, context)
  }

  return { reset, open, attribute, text, close, finish }
}

function emptyFrame(): Frame {
  return { tag: '', name: '', position: 0, dataChildren: 0, hasChildren: false, text: '' }
}

function systemAttribute(system: SystemTexts, tag: string, name: string, value: string): void {
  if (tag === 'Provider') {
    if (name === 'Name') system.provider = value
  } else if (tag === 'Execution') {
    if (name === 'ProcessID') system.processId = value
    else if (name === 'ThreadID') system.threadId = value
  } else if (tag === 'TimeCreated') {
    if (name === 'SystemTime') system.time = value
  } else if (tag === 'Correlation') {
    if (name === 'ActivityID') system.activityId = value
  } else if (tag === 'Security' && name === 'UserID') system.userSid = value
}

function systemElement(system: SystemTexts, tag: string, text: string): void {
  switch (tag) {
    case 'EventID':
      system.eventId = text
      break
    case 'Version':
      system.version = text
      break
    case 'Level':
      system.level = text
      break
    case 'Task':
      system.task = text
      break
    case 'Opcode':
      system.opcode = text
      break
    case 'Keywords':
      system.keywords = text
      break
    case 'EventRecordID':
      system.recordId = text
      break
    case 'Channel':
      system.channel = text
      break
    case 'Computer':
      system.computer = text
      break
  }
}
