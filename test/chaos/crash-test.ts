/**
 * What the peers are put through (docs/chaos.md): many events wait in the topic, and the only processor is killed hard, again
 * and again, while it works through them.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '../../collectors/simulator/random.ts'
import { createRowCounter, type RowCounter } from './count-rows.ts'
import { createExpectations } from './expectations.ts'
import { createKnownEvents } from './known-events.ts'
import { createShipments } from './make-shipments.ts'
import { untilQuiet, untilReady } from './quiet.ts'
import { compare, onRig, type RunOptions, type RunReport, summaryOf, wordsOf } from './report.ts'
import type { Rig } from './rig.ts'
import { createGatewayAnswers, createGatewayShipper } from './shippers.ts'

export type CrashTestOptions = RunOptions & {
  /** Different ones; repeats and broken records come on top. */
  readonly events: number
  readonly kills: number
}

const BATCH = 500
const LANES = 4
const READY_MS = 90_000
const END_MS = 600_000
const LOOK_MS = 50

export function runCrashTest(options: CrashTestOptions): Promise<RunReport> {
  const { seed, events, kills, signal, say } = options
  return onRig({ processors: 1 }, options, async (rig, history) => {
    const endMs = Date.now()
    const sent = await fill(rig, options, endMs)
    const processor = rig.processors[0]!
    const startedAt = performance.now()
    processor.start()
    const rows = createRowCounter(rig.engine)
    let stored = 0
    for (const [index, share] of momentsOf(seed, kills).entries()) {
      // Never before it has stored something since it was started last.
      stored = await untilStored(rows, Math.min(events, Math.max(stored + 1, Math.floor(events * share))), signal)
      await processor.end('SIGKILL')
      say(`kill ${index + 1} when ${stored} of ${events} were stored`)
      history.note({ kill: index + 1, stored })
      processor.start()
    }
    await rows.close()
    const services = [processor, rig.serve, rig.gateway]
    await untilQuiet(rig, { services, signal, deadlineMs: END_MS, groups: ['roamwatch-process'] })
    say(`all of it was stored ${((performance.now() - startedAt) / 1000).toFixed(1)} s after the first start`)
    const { judgement, problems } = await compare(rig, sent, services, endMs)
    say(wordsOf(judgement))
    return { summary: summaryOf({ faults: kills, seed }, sent.expectations, judgement), problems }
  })
}

/** Through the gateway, before there is any processor. */
async function fill(rig: Rig, { seed, events, signal, say }: CrashTestOptions, endMs: number) {
  const services = [rig.serve, rig.gateway]
  for (const service of services) service.start()
  await untilReady({ services, signal, deadlineMs: READY_MS })
  const sent = { expectations: createExpectations(), answers: createGatewayAnswers() }
  const shipper = createGatewayShipper(rig.gatewayUrl, { lanes: LANES, ...sent })
  const known = createKnownEvents(seed, endMs)
  const shipmentsOf = createShipments(seed, 'lines')
  try {
    for (let done = 0; done < events && !signal.aborted; done += BATCH) {
      shipper.offer(shipmentsOf(known.next(Math.min(BATCH, events - done))))
      if (shipper.backlog > BATCH * LANES * 2) await shipper.idle()
    }
    await shipper.idle()
  } finally {
    await shipper.stop()
  }
  say(`${sent.expectations.expected().sent} records are in the topic`)
  return sent
}

/** Shares of the work after which the processor is killed, one in each stretch of it; the last leaves enough to do. */
function momentsOf(seed: number, kills: number): readonly number[] {
  const random = createRandom(seed, 'kills')
  return Array.from({ length: kills }, (_, at) => ((at + 0.2 + 0.7 * random.next()) / kills) * 0.9)
}

/** Resolves with how many rows there are when there are at least so many. */
async function untilStored({ count }: RowCounter, least: number, signal: AbortSignal): Promise<number> {
  for (;;) {
    const stored = await count()
    if (stored >= least) return stored
    await delay(LOOK_MS, undefined, { signal })
  }
}
