/** A BinXML fragment as it stands in a record or in a value: a template instance with its values, or a bare element. */
import { RECORD_HEADER_BYTES, TOKEN } from './layout.ts'
import { findDefinition, keepDefinition } from './definition-cache.ts'
import { createTrace, readBareElement, readElementTree } from './element-tree.ts'
import { compilePlan, type Plan } from './plan.ts'
import { fail, type Frame, growFrame, isSpent, type ReaderState, spend } from './reader-state.ts'

/** Definition header in the chunk: offset of the next one (4), GUID (16), size of the body (4). */
const DEFINITION_HEADER_BYTES = 24
/** Instance after its token: 1, template id (4), offset of the definition (4). */
const INSTANCE_HEADER_BYTES = 9

/**
 * Reads the fragment from `start` to `end` and fills `frame` with its values. Undefined, with the state's fault set, when
 * it cannot be read. An element without a template has an empty frame and is compiled for this one time.
 */
export function readFragment(state: ReaderState, start: number, end: number, frame: Frame): Plan | undefined {
  const { view } = state
  let at = start
  if (at + 4 <= end && view.getUint8(at) === TOKEN.fragmentHeader) at += 4
  frame.count = 0
  if (at >= end) {
    fail(state, 'an empty BinXML fragment')
    return undefined
  }
  if (view.getUint8(at) === TOKEN.templateInstance) return readInstance(state, at + 1, end, frame)
  const element = readBareElement(state, at, end)
  return element === undefined ? undefined : compilePlan(element)
}

function readInstance(state: ReaderState, start: number, end: number, frame: Frame): Plan | undefined {
  const { view } = state
  if (start + INSTANCE_HEADER_BYTES > end) return fault(state, 'a template instance ends in the middle')
  const templateId = view.getUint32(start + 1, true)
  const definition = view.getUint32(start + 5, true)
  const plan = planAt(state, definition, templateId)
  if (plan === undefined) return undefined
  let at = start + INSTANCE_HEADER_BYTES
  if (definition === at) at += DEFINITION_HEADER_BYTES + view.getUint32(at + 20, true)
  return readValues(state, at, end, frame) ? plan : undefined
}

/** Count (4), then for each value its size (2), type (1) and a zero; then the values one after the other. */
function readValues(state: ReaderState, start: number, end: number, frame: Frame): boolean {
  const { view } = state
  if (start + 4 > end) return fail(state, 'the values of a template instance are missing')
  const count = view.getUint32(start, true)
  let at = start + 4
  let value = at + count * 4
  if (value > end) return fail(state, `a template instance claims ${count} values`)
  if (!spend(state, count)) return false
  if (count > frame.offsets.length) growFrame(frame, count)
  const { offsets, sizes, types } = frame
  for (let index = 0; index < count; index += 1, at += 4) {
    const descriptor = view.getUint32(at, true)
    const size = descriptor & 0xffff
    offsets[index] = value
    sizes[index] = size
    types[index] = (descriptor >>> 16) & 0xff
    value += size
  }
  frame.count = count
  return value <= end || fail(state, 'the values of a template instance end in the middle')
}

function planAt(state: ReaderState, definition: number, templateId: number): Plan | undefined {
  let plan = state.plans.get(definition)
  if (plan === undefined) {
    plan = compileAt(state, definition) ?? state.fault
    if (!isSpent(state)) state.plans.set(definition, plan)
  }
  if (typeof plan === 'string') return fault(state, plan)
  // The id is the first four bytes of the GUID: where it differs, the instance was not made of this definition.
  if (state.view.getUint32(definition + 4, true) !== templateId) {
    return fault(state, 'a template instance points at the definition of another template')
  }
  return plan
}

function compileAt(state: ReaderState, definition: number): Plan | undefined {
  const body = definition + DEFINITION_HEADER_BYTES
  if (body > state.bytes.length) return fault(state, 'a template definition stands outside the chunk')
  const end = body + state.view.getUint32(definition + 20, true)
  if (end > state.bytes.length) return fault(state, 'a template definition reaches beyond the chunk')
  const guid = state.bytes.toString('latin1', definition + 4, definition + 20)
  const known = findDefinition(state, guid, body, end)
  if (known !== undefined) return known
  const trace = createTrace()
  const element = readElementTree(state, body, end, true, trace)
  if (element === undefined) return undefined
  const plan = compilePlan(element)
  keepDefinition(state, guid, body, end, plan, trace)
  return plan
}

function fault(state: ReaderState, text: string): Plan | undefined {
  fail(state, text)
  return undefined
}

/** The fragment of a record that starts at `record` in the chunk. */
export function readRecordFragment(state: ReaderState, record: number, size: number, frame: Frame): Plan | undefined {
  return readFragment(state, record + RECORD_HEADER_BYTES, record + size, frame)
}
