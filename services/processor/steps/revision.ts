/**
 * Which of several rows of one event is shown: the one with the highest `revision`. It is computed from what the row was
 * made of, never counted up, so that the same inputs give the same number in every process and after every crash.
 */
import type { WindowsEvent } from '../../../schemas/windows-event.ts'

const MAX_COUNTED_FIELDS = 700
/** 0 to 7: the closer to what Windows wrote, the higher. */
const SHAPE_RANKS: Readonly<Record<string, number>> = {
  evtx: 7,
  event_xml: 6,
  evtx_dump: 5,
  vector: 4,
  otel: 3,
  winlogbeat: 2,
  elastic_agent: 1,
  fluent_bit: 0,
}

/**
 * How much the copy carries, 0 to 65535. Every term only grows, so a copy that has all that another has, and more, never
 * ranks lower. A data field and a system field weigh 64, the rendered message 4096 (no shipper that drops it can make
 * up for it with less than 64 fields), a digit of the time 8; below that, copies of equal wealth are ranked by their shape,
 * so that the copy that is shown does not depend on which came first. `fields`: how many the event's data has.
 */
export function richnessOf(event: WindowsEvent, digits: number, fields: number): number {
  const system =
    count(event.channel) +
    count(event.provider) +
    count(event.version) +
    count(event.level) +
    count(event.task) +
    count(event.opcode) +
    count(event.keywords) +
    count(event.record_id) +
    count(event.collected_at) +
    count(event.user_sid) +
    count(event.user) +
    count(event.process_id) +
    count(event.thread_id) +
    count(event.activity_id)
  return (
    Math.min(fields, MAX_COUNTED_FIELDS) * 64 +
    count(event.message) * 4096 +
    system * 64 +
    digits * 8 +
    (SHAPE_RANKS[event.shipper] ?? 0)
  )
}

function count(value: string | number | null): 0 | 1 {
  return value === null ? 0 : 1
}

/**
 * Makes the function that writes a revision: UInt64 in decimal, richness in the upper 16 bits, then the catalog's version
 * (16 bits), then the position of the facts (32 bits). So a poorer copy never replaces a richer one, and among equal copies a
 * newer catalog wins, then newer facts.
 */
export function createRevision(catalogVersion: number): (richness: number, factsPosition: number) => string {
  const catalogBits = BigInt(catalogVersion) << 32n
  // 64-bit arithmetic needs BigInt, which is slow; nearly all events of a run share a few dozen values.
  const written = new Map<number, string>()
  let writtenFor = 0
  return function revision(richness, factsPosition) {
    if (factsPosition !== writtenFor) {
      written.clear()
      writtenFor = factsPosition
    }
    let text = written.get(richness)
    if (text === undefined) {
      text = ((BigInt(richness) << 48n) | catalogBits | BigInt(factsPosition)).toString()
      written.set(richness, text)
    }
    return text
  }
}
