/**
 * Ten times what the store takes, a store that is gone for minutes, and a broker that takes next to nothing: what memory do
 * the services need, what do shippers hear, and is everything there in the end?
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createRowCounter } from './count-rows.ts'
import { startFlood } from './flood.ts'
import { watchMemory } from './memory-watch.ts'
import { unreadOf, untilQuiet, untilReady } from './quiet.ts'
import { answersOf, compare, onRig, type RunOptions, type RunReport, summaryOf, wordsOf } from './report.ts'
import { EVENTS_TOPIC, type Rig } from './rig.ts'

export type OverloadOptions = RunOptions & {
  readonly processors: number
  /** Events a second that the store takes while it is slow; ten times as many come. */
  readonly storeEventsPerSecond: number
  readonly slowSeconds: number
  readonly storeGoneSeconds: number
  readonly brokerSlowSeconds: number
}

const TIMES = 10
/** An event's row as it is inserted: measured, 620 to 700 bytes. */
const ROW_BYTES = 660
/** While the store is gone: enough to fill every buffer many times over. */
const GONE_EVENTS_PER_SECOND = 2_000
const CALM_SECONDS = 20
const SLOW_BROKER_BYTES = 200_000
const LANES = 12
const FLOOD_LANES = 48
const READY_MS = 90_000
const DRAIN_MS = 1_800_000

export function runOverload(options: OverloadOptions): Promise<RunReport> {
  const { seed, processors, signal, say, storeEventsPerSecond } = options
  return onRig({ processors }, options, async (rig, history) => {
    const services = [...rig.processors, rig.serve, rig.gateway]
    for (const service of services) service.start()
    await untilReady({ services, signal, deadlineMs: READY_MS })
    const endMs = Date.now()
    const memory = watchMemory(() => pidsOf(rig))
    const rows = createRowCounter(rig.engine)
    const flood = startFlood(rig.gatewayUrl, { seed, endMs, mostLanes: FLOOD_LANES })
    const part = async (name: string, seconds: number, eventsPerSecond: number, lanes = LANES) => {
      memory.begin(name)
      const before = { sent: flood.expectations.expected().sent, stored: await rows.count() }
      flood.set({ eventsPerSecond, lanes })
      await delay(seconds * 1000, undefined, { signal })
      const taken = Math.round((flood.expectations.expected().sent - before.sent) / seconds)
      const stored = Math.round(((await rows.count()) - before.stored) / seconds)
      const rates = `${taken} records/s acknowledged, ${stored} events/s stored`
      say(`${name}: ${rates}, ${await unread(rig)} wait in Kafka, answers so far ${answersOf(flood.answers)}`)
      history.note({ part: name, seconds, taken, stored })
    }
    try {
      await part('calm', CALM_SECONDS, storeEventsPerSecond)
      rig.storeProxy.setRate(storeEventsPerSecond * ROW_BYTES)
      await part('ten times', options.slowSeconds, storeEventsPerSecond * TIMES)
      rig.storeProxy.setRate(undefined)
      rig.storeProxy.setGone(true)
      await part('store gone', options.storeGoneSeconds, GONE_EVENTS_PER_SECOND)
      rig.kafkaProxy.setRate(SLOW_BROKER_BYTES)
      await part('broker slow', options.brokerSlowSeconds, storeEventsPerSecond * TIMES, FLOOD_LANES)
      rig.kafkaProxy.setRate(undefined)
      rig.storeProxy.setGone(false)
      memory.begin('draining')
      const drainingAt = performance.now()
      flood.set({ eventsPerSecond: 0, lanes: FLOOD_LANES })
      await flood.idle()
      await untilQuiet(rig, { services, signal, deadlineMs: DRAIN_MS, groups: ['roamwatch-process'] })
      say(`draining: no lag after ${((performance.now() - drainingAt) / 1000).toFixed(0)} s`)
    } finally {
      await flood.stop()
      await memory.stop()
      await rows.close()
      for (const line of memory.table()) say(line)
    }
    const { judgement, problems } = await compare(rig, flood, services, endMs)
    say(`${wordsOf(judgement)}; answers ${answersOf(flood.answers)}`)
    const refused = flood.answers.statuses.get('429') ?? 0
    const unheard = refused > 0 ? [] : ['the gateway never answered 429']
    history.note({ judgement, memory: memory.table() })
    return {
      summary: summaryOf({ faults: 3, seed }, flood.expectations, judgement),
      problems: [...problems, ...unheard],
    }
  })
}

function pidsOf({ processors, gateway, serve, engine, broker }: Rig): ReadonlyMap<string, number | undefined> {
  return new Map([
    ...processors.map(({ name, pid }) => [name, pid] as const),
    ['gateway', gateway.pid],
    ['serve', serve.pid],
    ['clickhouse', engine.pid],
    ['kafka', broker.pid],
  ])
}

async function unread({ kafka }: Rig): Promise<number | string> {
  const admin = kafka.admin({ retry: { retries: 1 } })
  try {
    await admin.connect()
    return await unreadOf(admin, 'roamwatch-process', EVENTS_TOPIC)
  } catch {
    return 'an unknown number of records'
  } finally {
    await admin.disconnect()
  }
}
