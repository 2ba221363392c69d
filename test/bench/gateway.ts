/**
 * NDJSON of 500 Winlogbeat events a request, through the gateway into Kafka with `acks: all`; beside kafkajs alone, which sends
 * the same lines unread over the same broker: what no gateway on this client can go below.
 */
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { registerCodecs } from '../../services/transport/kafka/codecs.ts'
import { mendRequestQueue } from '../../services/transport/kafka/request-queue-patch.ts'
import { type BenchResult, cpuSeconds, percentile } from './bench.ts'
import { type Load, runLoad } from './http-load.ts'
import { lastMidnight, type SentEvent, sentEvents } from './kafka-events.ts'
import { PARTITIONS, type Rig, sizeFrom, withRig } from './kafka-rig.ts'
import { bodiesOf, createPoster, ndjson } from './post-events.ts'
import { cpuSecondsOf, memoryOf } from './process-figures.ts'

const SECONDS = sizeFrom('ROAMWATCH_BENCH_SECONDS', 15)
const WARM_SECONDS = SECONDS / 5
const BATCH = 500
const BATCHES = 60
const SENDERS = 8
/** Half of the goal, at which neither is short of anything: what a request takes then. */
const PACED = { perSecond: 25, senders: 16 }
const RATE_GOAL = 25_000

type Figures = { readonly full: Load; readonly paced: Load; readonly cpu: number; readonly memory: number }

export async function run(): Promise<BenchResult[]> {
  const batches = await bodiesOf(sentEvents(BATCH * BATCHES, lastMidnight(Date.now())), BATCH)
  return withRig(async (rig) => {
    const gateway = await measureGateway(rig, batches)
    const alone = await measureClient(rig, batches)
    return [rate(gateway, alone), latency(gateway, alone)]
  })
}

async function measureGateway(rig: Rig, batches: readonly (readonly SentEvent[])[]): Promise<Figures> {
  const gateway = await rig.start(['collect', 'http'])
  const bodies = batches.map(ndjson)
  const poster = createPoster(gateway.url, PACED.senders)
  const post = (index: number) => poster.post(bodies[index % bodies.length] as Buffer)
  try {
    const figures = await measure(post, () => cpuSecondsOf(gateway.pid))
    return { ...figures, memory: memoryOf(gateway.pid).peak }
  } finally {
    poster.close()
  }
}

/** In this process, which does nothing else meanwhile. */
async function measureClient(rig: Rig, batches: readonly (readonly SentEvent[])[]): Promise<Figures> {
  registerCodecs()
  mendRequestQueue()
  const topic = 'alone'
  const kafka = new Kafka({ brokers: [...rig.broker.brokers], clientId: 'bench', logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await Promise.all([admin.connect(), producer.connect()])
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true })
    const ready = batches.map((events) => events.map(({ computer, text }) => ({ key: computer, value: text })))
    const send = (index: number) =>
      producer.send({
        topic,
        acks: -1,
        compression: CompressionTypes.ZSTD,
        messages: ready[index % ready.length] ?? [],
      })
    return { ...(await measure(send, cpuSeconds)), memory: Number.NaN }
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()])
  }
}

async function measure(
  send: (index: number) => Promise<unknown>,
  cpuNow: () => number,
): Promise<Omit<Figures, 'memory'>> {
  await runLoad(send, { seconds: WARM_SECONDS, senders: SENDERS })
  const paced = await runLoad(send, { seconds: SECONDS, ...PACED })
  const before = cpuNow()
  const full = await runLoad(send, { seconds: SECONDS, senders: SENDERS })
  return { full, paced, cpu: ((cpuNow() - before) / (full.times.length * BATCH)) * 1e6 }
}

const rateOf = ({ times, seconds }: Load) => (times.length * BATCH) / seconds

function rate(gateway: Figures, alone: Figures): BenchResult {
  const value = rateOf(gateway.full)
  return {
    name: `gateway -> Kafka, acks all, ${BATCH} lines a request, ${SENDERS} senders`,
    value: Math.round(value),
    unit: 'events/s',
    against: [
      { name: 'kafkajs alone', value: Math.round(rateOf(alone.full)) },
      { name: 'CPU of the gateway per million events', value: gateway.cpu, unit: 's' },
      { name: 'CPU of kafkajs alone', value: alone.cpu, unit: 's' },
      { name: 'memory of the gateway at its highest', value: gateway.memory, unit: 'MiB' },
    ],
    goal: `>= ${RATE_GOAL}`,
    met: value >= RATE_GOAL,
  }
}

function latency(gateway: Figures, alone: Figures): BenchResult {
  const pace = `${PACED.perSecond * BATCH} events/s`
  const value = percentile(gateway.paced.times, 99)
  return {
    name: `gateway, a request at ${pace}, p99`,
    value,
    unit: 'ms',
    against: [
      { name: 'kafkajs alone, p99', value: percentile(alone.paced.times, 99) },
      { name: 'gateway, p50', value: percentile(gateway.paced.times, 50) },
      { name: 'kafkajs alone, p50', value: percentile(alone.paced.times, 50) },
      { name: `gateway with ${SENDERS} senders at full speed, p99`, value: percentile(gateway.full.times, 99) },
      { name: `kafkajs alone with ${SENDERS} senders at full speed, p99`, value: percentile(alone.full.times, 99) },
    ],
    goal: 'shown beside kafkajs alone',
    met: true,
  }
}
