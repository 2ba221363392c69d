/**
 * Known events at a steady rate, through two shippers that both have most of them, and strays in our own topic; held while a run
 * looks at what is stored.
 */
import { createExpectations, type Expectations } from './expectations.ts'
import { createKnownEvents, type KnownEvent } from './known-events.ts'
import { createShipments, createStrays, isSeenBy, type Shipment, type ShipperShape } from './make-shipments.ts'
import { EVENTS_TOPIC, type Rig, TAP_TOPIC } from './rig.ts'
import { createGatewayAnswers, createGatewayShipper, createTopicShipper, type GatewayAnswers } from './shippers.ts'

export type Traffic = {
  readonly expectations: Expectations
  readonly answers: GatewayAnswers
  setPaused(isPaused: boolean): void
  /** Records that are not acknowledged. */
  readonly backlog: number
  /** Resolves when all that was begun is acknowledged. */
  idle(): Promise<void>
  stop(): Promise<void>
}

export type TrafficOptions = {
  readonly seed: number
  /** Different events a second; most go through both shippers. */
  readonly eventsPerSecond: number
  /** The newest event's time. */
  readonly endMs: number
}

const TICK_MS = 200
/** While so many records wait, no more are made. */
const MOST_BACKLOG = 4_000

export function startTraffic(rig: Pick<Rig, 'gatewayUrl' | 'kafka'>, options: TrafficOptions): Traffic {
  const { seed, eventsPerSecond, endMs } = options
  const known = createKnownEvents(seed, endMs)
  const expectations = createExpectations()
  const answers = createGatewayAnswers()
  const ways = [
    {
      shipper: createGatewayShipper(rig.gatewayUrl, { lanes: 3, expectations, answers }),
      shipmentsOf: shipperOf(seed, 'lines'),
    },
    {
      shipper: createTopicShipper(rig.kafka, TAP_TOPIC, { expectations }),
      shipmentsOf: shipperOf(seed, 'messages'),
    },
    {
      shipper: createTopicShipper(rig.kafka, EVENTS_TOPIC, { expectations }),
      shipmentsOf: createStrays(seed),
    },
  ]
  const backlog = () => ways.reduce((sum, { shipper }) => sum + shipper.backlog, 0)
  let isPaused = false
  const timer = setInterval(() => {
    if (isPaused || backlog() > MOST_BACKLOG) return
    const events = known.next(Math.round((eventsPerSecond * TICK_MS) / 1000))
    for (const { shipper, shipmentsOf } of ways) shipper.offer(shipmentsOf(events))
  }, TICK_MS)
  return {
    expectations,
    answers,
    setPaused: (value) => void (isPaused = value),
    get backlog() {
      return backlog()
    },
    async idle() {
      await Promise.all(ways.map(({ shipper }) => shipper.idle()))
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(ways.map(({ shipper }) => shipper.stop()))
    },
  }
}

function shipperOf(seed: number, shape: ShipperShape): (events: readonly KnownEvent[]) => Shipment[] {
  const shipmentsOf = createShipments(seed, shape)
  return (events) => shipmentsOf(events.filter((event) => isSeenBy(shape, event)))
}
