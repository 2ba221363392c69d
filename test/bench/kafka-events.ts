/**
 * Events for the figures over Kafka: the simulated fleet's, as Winlogbeat 8 ships them with `add_host_metadata`, which its
 * own configuration switches on: 1.3 KB each. Seeded; in the order of time, as they arrive.
 */
import { createHash } from 'node:crypto'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { simulateFleet } from '../../collectors/simulator/simulate-fleet.ts'
import { registerCodecs } from '../../services/transport/kafka/codecs.ts'
import { mendRequestQueue } from '../../services/transport/kafka/request-queue-patch.ts'

/** One event: a line of Winlogbeat's JSON, and the device that logged it. */
export type SentEvent = { readonly computer: string; readonly text: string }

/** 35,000 events a day: a batch is close in time, as it is in the field. */
const DEVICES = 4000
const DAYS = 60
const DAY_MS = 86_400_000
/** Messages of one partition in one request. */
const MESSAGES = 1000

/** `count` events, a thousand at a time, that end at `end` or before. */
export async function* sentEvents(count: number, end: Date, seed = 1): AsyncGenerator<readonly SentEvent[]> {
  const hosts = new Map<string, string>()
  let left = count
  for await (const records of simulateFleet({ seed, devices: DEVICES, days: DAYS, end })) {
    const events: SentEvent[] = []
    for (const { shape, computer, text } of records) {
      if (shape === 'winlogbeat' && events.length < left)
        events.push({ computer, text: withHost(text, computer, hosts) })
    }
    left -= events.length
    if (events.length > 0) yield events
    if (left === 0) return
  }
  throw new Error(`the fleet logged ${count - left} events only`)
}

/** Midnight, so that the same day's benches send the same bytes. */
export function lastMidnight(now: number): Date {
  return new Date(Math.floor(now / DAY_MS) * DAY_MS)
}

/** The simulator's line with what Winlogbeat tells of every host. */
function withHost(text: string, computer: string, hosts: Map<string, string>): string {
  let host = hosts.get(computer)
  if (host === undefined) {
    host = `"host":${JSON.stringify(hostOf(computer))}`
    hosts.set(computer, host)
  }
  return text.replace(`"host":{"name":${JSON.stringify(computer)}}`, () => host)
}

function hostOf(computer: string) {
  const digest = createHash('md5').update(computer).digest()
  const byte = (at: number) => digest[at] ?? 0
  return {
    mac: [[...digest.subarray(0, 6)].map((value) => value.toString(16).padStart(2, '0').toUpperCase()).join('-')],
    hostname: computer.split('.')[0],
    name: computer,
    architecture: 'x86_64',
    os: {
      build: '22631.4460',
      type: 'windows',
      platform: 'windows',
      version: '10.0',
      family: 'windows',
      name: 'Windows 11 Enterprise',
      kernel: '10.0.22621.4460 (WinBuild.160101.0800)',
    },
    id: digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    ip: [`fe80::${byte(6).toString(16)}:${byte(7).toString(16)}`, `10.${byte(8)}.${byte(9)}.${byte(10)}`],
  }
}

export type Filled = { readonly events: number; readonly bytes: number }

/** Makes the topic and fills it as shippers do: keyed by device, zstd. Bytes of the values, before compression. */
export async function fillTopic(
  brokers: readonly string[],
  topic: { readonly name: string; readonly partitions: number },
  events: AsyncIterable<readonly SentEvent[]>,
): Promise<Filled> {
  registerCodecs()
  mendRequestQueue()
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  const producer = kafka.producer({ idempotent: true })
  await Promise.all([admin.connect(), producer.connect()])
  let count = 0
  let bytes = 0
  try {
    const made = { topic: topic.name, numPartitions: topic.partitions }
    await admin.createTopics({ topics: [made], waitForLeaders: true })
    let waiting: { key: string; value: Buffer }[] = []
    const send = async () => {
      const messages = waiting
      waiting = []
      await producer.send({ topic: topic.name, acks: -1, compression: CompressionTypes.ZSTD, messages })
    }
    for await (const batch of events) {
      for (const { computer, text } of batch) {
        const value = Buffer.from(text)
        waiting.push({ key: computer, value })
        bytes += value.length
      }
      count += batch.length
      if (waiting.length >= topic.partitions * MESSAGES) await send()
    }
    if (waiting.length > 0) await send()
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()])
  }
  return { events: count, bytes }
}
