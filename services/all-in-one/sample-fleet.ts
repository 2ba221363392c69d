/**
 * The sample of `npm start`: a made-up fleet, through the same collector path as real events. It fills a store that is
 * empty and goes on adding to one that it filled; a store with anybody else's events is left alone.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { createIntake } from '../../collectors/intake.ts'
import { createSimulator, type Simulator } from '../../collectors/simulator/simulator.ts'
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import type { Part } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logging.ts'
import { createTally } from '../runtime/telemetry/collect-tally.ts'
import type { EventReader } from '../store/event-store.ts'
import type { Sink } from '../transport/transport.ts'

export type SampleFleetDeps = {
  readonly store: Pick<EventReader, 'events'>
  readonly catalog: Catalog
  readonly sink: Sink
  readonly tenant: string
  /** Holds the mark that the sample filled this store, with the time its past ends. */
  readonly dataDir: string
  readonly log: Logger
}

const FLEET = { seed: 1, devices: 200, days: 14 }
const TRICKLE_MS = 5_000
const RETRY_DEADLINE_MS = 60_000

export function createSampleFleet(deps: SampleFleetDeps): Part {
  const { catalog, tenant, sink, log } = deps
  const tally = createTally('simulator')
  const intake = createIntake({ catalog, tenant, keep: 'known', sourceKind: 'simulator', clock: Date.now, tally })
  let simulator: Simulator | undefined
  let filling: Promise<void> | undefined

  /** The same end gives the same records, so a fill that was cut short is completed without counting anything twice. */
  async function fill(fleet: Simulator): Promise<void> {
    const { stored = 0 } = await fleet.fill(sink)
    log.info({ stored }, 'the sample fleet is in the store')
    await fleet.start(sink)
  }

  return {
    name: 'sample fleet',
    async start() {
      const end = await endOfSample(deps)
      if (end === undefined) {
        log.info('the store holds events already; the sample fleet stays out of it')
        return
      }
      simulator = createSimulator({
        fleet: { ...FLEET, end },
        intake,
        runId: randomUUID(),
        clock: Date.now,
        retry: { deadlineMs: RETRY_DEADLINE_MS },
        intervalMs: TRICKLE_MS,
        onError: (error) => log.error({ err: error }, 'the sample fleet ended'),
      })
      filling = fill(simulator).catch((error: unknown) =>
        log.error({ err: error }, 'the sample fleet could not be stored'),
      )
    },
    async stop() {
      await simulator?.stop()
      await filling
    },
  }
}

/** When the sample's past ends: as its mark says, now where the store is empty, undefined where others filled it. */
async function endOfSample({ store, tenant, dataDir }: SampleFleetDeps): Promise<Date | undefined> {
  const mark = join(dataDir, 'sample-fleet')
  if (existsSync(mark)) {
    const end = new Date(readFileSync(mark, 'utf8').trim())
    if (!Number.isNaN(end.getTime())) return end
  }
  const { events } = await store.events({ tenant, filters: [], limit: 1 })
  if (events.length > 0) return undefined
  const now = new Date()
  writeFileSync(mark, `${now.toISOString()}\n`)
  return now
}
