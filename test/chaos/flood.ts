/** As many known events a second as are asked for, through the gateway alone; what is refused is sent again until it is taken. */
import { createExpectations } from './expectations.ts'
import { createKnownEvents } from './known-events.ts'
import { createShipments } from './make-shipments.ts'
import type { Sent } from './report.ts'
import { createGatewayAnswers, createGatewayShipper } from './shippers.ts'

export type Flood = Sent & {
  /** `lanes`: batches under way at a time. */
  set(pace: { readonly eventsPerSecond: number; readonly lanes: number }): void
  idle(): Promise<void>
  stop(): Promise<void>
}

const TICK_MS = 100
const BATCH = 250
/** Batches that may wait in each lane: a shipper that is refused holds what it has and takes no more. */
const WAITING = 2

export function startFlood(
  url: string,
  options: { readonly seed: number; readonly endMs: number; readonly mostLanes: number },
): Flood {
  const { seed, endMs, mostLanes } = options
  const sent = { expectations: createExpectations(), answers: createGatewayAnswers() }
  const shippers = Array.from({ length: mostLanes }, () => createGatewayShipper(url, { lanes: 1, ...sent }))
  const known = createKnownEvents(seed, endMs)
  const shipmentsOf = createShipments(seed, 'lines')
  let pace = { eventsPerSecond: 0, lanes: mostLanes }
  let due = 0
  const timer = setInterval(() => {
    due = Math.min(due + (pace.eventsPerSecond * TICK_MS) / 1000, pace.eventsPerSecond)
    const free = shippers.slice(0, pace.lanes).filter(({ backlog }) => backlog <= BATCH * (WAITING - 1))
    for (const shipper of free) {
      if (due < BATCH) return
      due -= BATCH
      shipper.offer(shipmentsOf(known.next(BATCH)))
    }
  }, TICK_MS)
  return {
    ...sent,
    set: (value) => void (pace = value),
    async idle() {
      await Promise.all(shippers.map((shipper) => shipper.idle()))
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(shippers.map((shipper) => shipper.stop()))
    },
  }
}
