/**
 * From the moment a shipper sends an event to the moment SQL shows it, at a steady pace: gateway, Kafka and one processor, each
 * a process of its own, on the database of `deploy/clickhouse`. And what the processor holds in memory meanwhile.
 */
import { type BenchResult, percentile } from './bench.ts'
import { runLoad } from './http-load.ts'
import { type SentEvent, sentEvents } from './kafka-events.ts'
import { type Rig, sizeFrom, statusOf, withRig } from './kafka-rig.ts'
import { bodiesOf, createPoster, ndjson } from './post-events.ts'
import { cpuSecondsOf, watchMemory } from './process-figures.ts'

const SECONDS = sizeFrom('ROAMWATCH_BENCH_SECONDS', 60)
const BATCH = 500
const PER_SECOND = 10
const RATE = BATCH * PER_SECOND
const WARM_BATCHES = 30
const LOOK_MS = 50
const GOAL_MS = 2000
const MEMORY_GOAL = 300

export async function run(): Promise<BenchResult[]> {
  const count = (SECONDS * PER_SECOND + WARM_BATCHES) * BATCH
  const batches = await bodiesOf(sentEvents(count, new Date()), BATCH)
  return withRig(async (rig) => {
    const processor = await rig.start(['process'])
    const gateway = await rig.start(['collect', 'http'])
    const poster = createPoster(gateway.url, 16)
    const bodies = batches.map((events, number) => ndjson(numbered(events, number)))
    try {
      for (const body of bodies.splice(0, WARM_BATCHES)) await poster.post(body)
      await untilRows(rig, WARM_BATCHES * BATCH)
      const watch = watchMemory(processor.pid)
      const before = cpuSecondsOf(processor.pid)
      const times = await measureWay(rig, (index) => poster.post(bodies[index] as Buffer))
      const cpu = ((cpuSecondsOf(processor.pid) - before) / times.length) * 1e6
      const memory = watch.stop()
      const { counts } = await statusOf(processor)
      if (counts?.accepted !== count) throw new Error(`the processor accepted ${counts?.accepted} of ${count} events`)
      return [latencyOf(times, cpu), memoryOf(memory)]
    } finally {
      poster.close()
    }
  })
}

/** Milliseconds of every event, from when its request was sent to when a look at the table, every 50 ms, found its row. */
async function measureWay(rig: Rig, post: (index: number) => Promise<void>): Promise<number[]> {
  const sentAt: number[] = []
  const seen: number[] = []
  const times: number[] = []
  let isSending = true

  async function watch(): Promise<void> {
    for (let oldest = 0; isSending || oldest < sentAt.length;) {
      const rows = await rowsByRequest(rig, oldest)
      const now = performance.now()
      for (const { request, n } of rows) {
        for (let more = n - (seen[request] ?? 0); more > 0; more--) times.push(now - (sentAt[request] ?? now))
        seen[request] = n
      }
      while (seen[oldest] === BATCH) oldest++
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }
  const watching = watch()
  const send = (index: number) => {
    sentAt[index] = performance.now()
    return post(index)
  }
  await runLoad(send, { seconds: SECONDS, senders: 16, perSecond: PER_SECOND })
  isSending = false
  await watching
  return times
}

/** As readers see them: one row a key. The number of its request stands in each event (`numbered`). */
async function rowsByRequest(rig: Rig, oldest: number): Promise<{ readonly request: number; readonly n: number }[]> {
  const rows = await rig.ask(`SELECT process_id AS request, count() AS n FROM roamwatch._events FINAL
    WHERE process_id BETWEEN ${WARM_BATCHES + oldest} AND ${WARM_BATCHES + oldest + SECONDS * PER_SECOND} GROUP BY process_id`)
  return rows.map(({ request, n }) => ({ request: Number(request) - WARM_BATCHES, n: Number(n) }))
}

/** The events of a request carry its number, as their process id. */
function numbered(events: readonly SentEvent[], number: number): SentEvent[] {
  return events.map(({ computer, text }) => ({
    computer,
    text: text.replace(/"process":\{"pid":\d+/, `"process":{"pid":${number}`),
  }))
}

async function untilRows(rig: Rig, count: number): Promise<void> {
  while ((await rig.rows()) < count) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}

function latencyOf(times: readonly number[], cpu: number): BenchResult {
  const value = percentile(times, 99)
  return {
    name: `event sent -> row visible by SQL, at ${RATE} events/s for ${SECONDS} s, p99`,
    value,
    unit: 'ms',
    against: [
      { name: 'p50', value: percentile(times, 50) },
      { name: 'longest', value: percentile(times, 100) },
      { name: 'CPU of the processor per million events at this pace', value: cpu, unit: 's' },
    ],
    goal: `< ${GOAL_MS} ms`,
    met: value < GOAL_MS,
  }
}

function memoryOf({ early, late, peak }: ReturnType<ReturnType<typeof watchMemory>['stop']>): BenchResult {
  return {
    name: `memory of the processor at ${RATE} events/s, at its highest`,
    value: peak,
    unit: 'MiB',
    against: [
      { name: 'median of the first third', value: early },
      { name: 'median of the last third', value: late },
    ],
    goal: `< ${MEMORY_GOAL} MiB`,
    met: peak < MEMORY_GOAL,
  }
}
