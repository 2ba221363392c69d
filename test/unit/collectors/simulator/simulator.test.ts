import { describe, expect, it } from 'vitest'
import { decodeMessage } from '../../../../collectors/formats/registry.ts'
import { createIntake } from '../../../../collectors/intake.ts'
import { CAUSES } from '../../../../collectors/simulator/causes.ts'
import {
  createFleetSimulation,
  type FleetOptions,
  simulateFleet,
  type SimulatedRecord,
} from '../../../../collectors/simulator/simulate-fleet.ts'
import { createSimulator, type SimulatorDeps } from '../../../../collectors/simulator/simulator.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import type { Sink } from '../../../../services/transport/transport.ts'
import { createMemorySink } from '../../../support/events.ts'

const catalog = loadCatalog()
const END = new Date('2026-11-24T12:00:00Z')
const options: FleetOptions = { seed: 1, devices: 50, days: 14, end: END }
const HOUR_MS = 3600 * 1000
const intakeOf = (clock: () => number = () => END.getTime()) =>
  createIntake({ catalog, tenant: 'default', keep: 'known', sourceKind: 'simulator', clock })

async function recordsOf(fleet: FleetOptions): Promise<SimulatedRecord[]> {
  const records: SimulatedRecord[] = []
  for await (const batch of simulateFleet(fleet)) records.push(...batch)
  return records
}
const context = { receivedAt: END.toISOString() }
function eventOf({ text }: SimulatedRecord): WindowsEvent {
  const [decoded, ...more] = decodeMessage(Buffer.from(text), context)
  if (decoded?.kind !== 'event' || more.length > 0) throw new Error(`not one event: ${text}`)
  return decoded.event
}

const all = await recordsOf(options)
const events = all.map(eventOf)
const large = await recordsOf({ ...options, devices: 300 })

describe('the sample fleet', () => {
  it('is the same, byte by byte, for the same seed, and another for another', async () => {
    const small = { ...options, devices: 10, days: 3 }
    const first = await recordsOf(small)
    expect(await recordsOf(small)).toEqual(first)
    expect(await recordsOf({ ...small, seed: 2 })).not.toEqual(first)
  })

  it('lies within its time span, in the order of time', () => {
    const startMs = END.getTime() - options.days * 24 * HOUR_MS
    const times = all.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times[0]).toBeGreaterThanOrEqual(startMs)
    expect(times.at(-1)).toBeLessThan(END.getTime())
  })

  it('has, with 200 devices, tens of thousands of events', () => {
    const of200 = (large.length / 300) * 200
    expect(of200).toBeGreaterThan(20_000)
    expect(of200).toBeLessThan(60_000)
  })

  it('is read and kept whole by the collectors: every record is one event of a known provider', () => {
    const taken = intakeOf().take(
      all.flatMap(({ text }) => decodeMessage(Buffer.from(text), context)),
      String,
    )
    expect([taken.events.length, taken.deadLetters, taken.dropped]).toEqual([all.length, [], 0])
  })

  it('uses only events, fields and channels that the providers have', () => {
    const strangers = events.filter(({ provider, event_id, data, channel }) => {
      const fact = catalog.providers.get(provider ?? '')?.events.get(event_id)
      const names = new Set(fact?.fields.map(({ name }) => name))
      const isKnown = Object.keys(data).every((name) => names.has(name))
      return fact === undefined || !isKnown || (fact.channel !== null && fact.channel !== channel)
    })
    expect(strangers).toEqual([])
  })

  it('numbers the records of each channel of each device without gaps', () => {
    const last = new Map<string, bigint>()
    const gaps: string[] = []
    for (const { computer, channel, record_id } of events) {
      const log = `${computer} ${channel ?? ''}`
      const id = BigInt(record_id ?? -1)
      const previous = last.get(log)
      // A device with two shippers sends the same record twice.
      if (previous !== undefined && id !== previous && id !== previous + 1n) gaps.push(`${log} ${id}`)
      last.set(log, id)
    }
    expect(gaps).toEqual([])
    expect(last.size).toBeGreaterThan(options.devices)
  })

  it('has devices whose events come by two shippers, with the same content', () => {
    const copies = Map.groupBy(
      all.map(eventOf),
      ({ computer, channel, record_id }) => `${computer} ${channel ?? ''} ${record_id ?? ''}`,
    )
    const twice = [...copies.values()].filter(({ length }) => length > 1)
    expect(twice.length).toBeGreaterThan(100)
    for (const [first, second] of twice) {
      expect(first?.shipper).not.toBe(second?.shipper)
      expect(first?.occurred_at.slice(0, 23)).toBe(second?.occurred_at.slice(0, 23))
      expect([first?.provider, first?.event_id]).toEqual([second?.provider, second?.event_id])
    }
  })

  it('is quiet at night and at the weekend', () => {
    const perDay = Map.groupBy(all, ({ atMs }) => new Date(atMs).getUTCDay())
    const count = (day: number) => perDay.get(day)?.length ?? 0
    expect(Math.max(count(0), count(6))).toBeLessThan(Math.min(count(3), count(4)) / 3)
    const perHour = Map.groupBy(all, ({ atMs }) => new Date(atMs).getUTCHours())
    expect(perHour.get(3)?.length ?? 0).toBeLessThan((perHour.get(10)?.length ?? 0) / 2)
  })

  it('has every cause, each only between its onset and its end, with an entry that the catalog knows', () => {
    const startMs = END.getTime() - options.days * 24 * HOUR_MS
    const part = (record: SimulatedRecord) => (record.atMs - startMs) / (options.days * 24 * HOUR_MS)
    for (const cause of CAUSES) {
      if (cause.entry !== null) expect(catalog.entries.has(cause.entry), cause.name).toBe(true)
      const struck = large.filter((record) => record.cause === cause.name)
      expect(struck.length, cause.name).toBeGreaterThan(0)
      expect(new Set(struck.map(({ entry }) => entry))).toEqual(new Set([cause.entry]))
      expect(Math.min(...struck.map(part))).toBeGreaterThanOrEqual(cause.from)
      // What happens at one moment takes some seconds to be logged.
      expect(Math.max(...struck.map(part))).toBeLessThan(cause.until + 0.001)
    }
    expect(large.filter(({ cause }) => cause === null).length).toBeGreaterThan(large.length / 2)
  })

  it('carries tokens as real devices do, and the intake removes them', () => {
    const records = large.filter(({ cause }) => cause === 'sign-in key of a former user remains')
    expect(records.length).toBeGreaterThan(0)
    for (const { text } of records) {
      expect(text).toContain('eyJ')
      const taken = intakeOf().take(decodeMessage(Buffer.from(text), context), String)
      expect(taken.events[0]?.data['AuthToken']).toBe('[removed]')
      expect(JSON.stringify(taken)).not.toContain('eyJ')
    }
  })

  it('goes on after its end, without a gap and without a repeat', () => {
    const later = END.getTime() + 30 * HOUR_MS
    const whole = [...createFleetSimulation(options).until(later)]
    const pieces = createFleetSimulation(options)
    const steps: SimulatedRecord[] = []
    for (let at = END.getTime() - 14 * 24 * HOUR_MS; at < later; at += 7 * HOUR_MS) steps.push(...pieces.until(at))
    steps.push(...pieces.until(later))
    expect(steps.map(({ text }) => text)).toEqual(whole.map(({ text }) => text))
    expect(whole.length).toBeGreaterThan(all.length)
  })
})

describe('the simulator', () => {
  function simulatorOf(deps: Partial<SimulatorDeps> = {}) {
    const errors: unknown[] = []
    let now = END.getTime()
    const simulator = createSimulator({
      fleet: { ...options, devices: 20, days: 3 },
      intake: intakeOf(() => now),
      runId: 'sample',
      clock: () => now,
      retry: { deadlineMs: 0, sleep: () => new Promise((resolve) => setImmediate(resolve)) },
      intervalMs: 1,
      onError: (error) => errors.push(error),
      ...deps,
    })
    return { simulator, errors, advance: (ms: number) => (now += ms) }
  }

  it('fills a store with the past, then adds what happens as time goes by, and nothing after it was stopped', async () => {
    const { simulator, errors, advance } = simulatorOf()
    const { sink, events, batches } = createMemorySink()
    const sums = await simulator.fill(sink)
    expect(sums.stored).toBeGreaterThan(300)
    expect(sums.received).toBe((sums.stored ?? 0) + (sums.duplicates ?? 0))
    expect(events().length).toBe(sums.received)
    await simulator.start(sink)
    advance(24 * HOUR_MS)
    await expect.poll(() => events().length).toBeGreaterThan(sums.received + 20)
    await simulator.stop()
    const after = events().length
    advance(24 * HOUR_MS)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(events().length).toBe(after)
    expect(new Set(batches.map(({ batchId }) => batchId)).size).toBe(batches.length)
    expect(errors).toEqual([])
  })

  it('adds nothing of the past when it was not asked to fill', async () => {
    const { simulator, advance } = simulatorOf()
    const { sink, events } = createMemorySink()
    await simulator.start(sink)
    advance(10 * HOUR_MS)
    await expect.poll(() => events().length).toBeGreaterThan(0)
    await simulator.stop()
    for (const { occurred_at } of events()) expect(occurred_at >= '2026-11-24T12:00:00').toBe(true)
  })

  it('goes on when the store is down for a while, and loses nothing', async () => {
    const { simulator, errors, advance } = simulatorOf()
    const memory = createMemorySink()
    let failures = 20
    const sink: Sink = {
      send: (batch) =>
        failures-- > 0
          ? Promise.reject(new AppError('STORE_UNAVAILABLE', 'down', { retryable: true }))
          : memory.sink.send(batch),
    }
    await simulator.start(sink)
    advance(24 * HOUR_MS)
    await expect.poll(() => memory.events().length).toBeGreaterThan(0)
    await simulator.stop()
    expect(errors).toEqual([])
  })

  it('stops at once while the store is down', async () => {
    const { simulator, errors, advance } = simulatorOf()
    const sink: Sink = { send: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })) }
    await simulator.start(sink)
    advance(24 * HOUR_MS)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await simulator.stop()
    await simulator.stop()
    expect(errors).toEqual([])
  })

  it('tells of an error that no retry mends, and refuses a second start', async () => {
    const { simulator, errors, advance } = simulatorOf()
    const refused = new AppError('STORE_REFUSED', 'disk full')
    const sink: Sink = { send: () => Promise.reject(refused) }
    await simulator.start(sink)
    advance(24 * HOUR_MS)
    await expect.poll(() => errors).toEqual([refused])
    await expect(simulator.start(sink)).rejects.toMatchObject({ code: 'INTERNAL' })
    await simulator.stop()
  })
})
