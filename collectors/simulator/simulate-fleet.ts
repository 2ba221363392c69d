/**
 * A made-up fleet over some weeks: devices log what their sync engines log, in the shapes of real shippers, with known
 * causes that begin and end, quiet nights and weekends, successes with durations, and devices whose events arrive twice.
 * The same options give the same records, byte by byte.
 */
import { setImmediate } from 'node:timers/promises'
import { createFleet, type Device, type Shape } from './fleet.ts'
import { type Occurrence, planDay } from './plan-day.ts'
import { createRandom } from './random.ts'
import { toEventXml } from './shapes/event-xml.ts'
import type { LoggedEvent } from './shapes/logged-event.ts'
import { toOtlp } from './shapes/otlp.ts'
import { toWinlogbeat } from './shapes/winlogbeat.ts'

export type FleetOptions = {
  readonly seed: number
  readonly devices: number
  /** The fleet's time span: so many days of 24 hours before `end`. */
  readonly days: number
  readonly end: Date
}

/** One record as a shipper sends it, and the truth about it. */
export type SimulatedRecord = {
  /** When the device logged it, in milliseconds since 1970. */
  readonly atMs: number
  readonly computer: string
  readonly shape: Shape
  /** One line of JSON, or one XML element; without line feed. */
  readonly text: string
  /** What is wrong with the device at that moment, in words; null when nothing is. */
  readonly cause: string | null
  /** The catalog entry that is the cause; null where there is none. */
  readonly entry: string | null
}

export type FleetSimulation = {
  /** The next records until then, in the order of time; each record is given once. */
  until(timeMs: number): Generator<SimulatedRecord>
}

const DAY_MS = 24 * 3600 * 1000
const RENDER: Readonly<Record<Shape, (event: LoggedEvent) => string>> = {
  winlogbeat: toWinlogbeat,
  event_xml: toEventXml,
  otlp: toOtlp,
}

/** The whole time span, in batches of up to 1000 records; other work of the process gets its turn between them. */
export async function* simulateFleet(options: FleetOptions): AsyncGenerator<readonly SimulatedRecord[]> {
  yield* inBatches(createFleetSimulation(options).until(options.end.getTime()))
}

const BATCH_RECORDS = 1000

export async function* inBatches(records: Iterable<SimulatedRecord>): AsyncGenerator<readonly SimulatedRecord[]> {
  let batch: SimulatedRecord[] = []
  for (const record of records) {
    batch.push(record)
    if (batch.length < BATCH_RECORDS) continue
    yield batch
    batch = []
    await setImmediate()
  }
  if (batch.length > 0) yield batch
}

/** The fleet with its past: `until` may be asked again and again, also for times after `end`. */
export function createFleetSimulation(options: FleetOptions): FleetSimulation {
  const spanMs = options.days * DAY_MS
  const startMs = options.end.getTime() - spanMs
  const fleet = createFleet(options.seed, options.devices)
  const log = createEventLog(options.seed)
  let day = Math.floor(startMs / DAY_MS)
  let planned: readonly Occurrence[] = []
  let next = 0

  function* until(timeMs: number): Generator<SimulatedRecord> {
    for (;;) {
      for (; next < planned.length; next++) {
        const occurrence = planned[next] as Occurrence
        if (occurrence.atMs >= timeMs) return
        if (occurrence.atMs >= startMs) yield* recordsOf(occurrence, log)
      }
      if (day * DAY_MS >= timeMs) return
      const dayStartMs = day * DAY_MS
      planned = planFleetDay(fleet, { seed: options.seed, dayStartMs, startMs, spanMs })
      next = 0
      day++
    }
  }
  return { until }
}

function planFleetDay(
  fleet: readonly Device[],
  span: { readonly seed: number; readonly dayStartMs: number; readonly startMs: number; readonly spanMs: number },
): readonly Occurrence[] {
  return fleet.flatMap((device) => planDay(device, span)).sort((a, b) => a.atMs - b.atMs)
}

function* recordsOf(occurrence: Occurrence, log: (occurrence: Occurrence) => LoggedEvent): Generator<SimulatedRecord> {
  const { device, cause } = occurrence
  const event = log(occurrence)
  for (const shape of device.shapes) {
    yield {
      atMs: occurrence.atMs,
      computer: event.computer,
      shape,
      text: RENDER[shape](event),
      cause: cause?.name ?? null,
      entry: cause?.entry ?? null,
    }
  }
}

/** Numbers the records of each channel of each device without gaps, as Windows does, and adds what the log adds. */
function createEventLog(seed: number): (occurrence: Occurrence) => LoggedEvent {
  const lastRecordIds = new Map<string, number>()
  return function logEvent({ atMs, device, content }) {
    const log = `${device.index}/${content.channel}`
    const random = createRandom(seed, log, atMs)
    const recordId = (lastRecordIds.get(log) ?? createRandom(seed, log).between(10, 40_000)) + 1
    lastRecordIds.set(log, recordId)
    return {
      content,
      computer: device.computer,
      atMs,
      ticks: random.between(0, 9999),
      recordId,
      userSid: device.userSid,
      userName: device.userName,
      processId: 4 * random.between(200, 4000),
      threadId: 4 * random.between(200, 5000),
      activityId: random.chance(0.6) ? random.guid() : null,
    }
  }
}
