/** Waits until everything that was acknowledged must be stored: all services are ready, nothing is unread, nothing under way. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type { ManagedService, ServiceStatus } from './managed-service.ts'
import { DEAD_LETTERS_TOPIC, EVENTS_TOPIC, type Rig, TAP_TOPIC } from './rig.ts'

/** Groups and what they read. */
const READERS = [
  { groupId: 'roamwatch-tap', topics: [TAP_TOPIC] },
  { groupId: 'roamwatch-process', topics: [EVENTS_TOPIC, DEAD_LETTERS_TOPIC] },
]
const LOOK_AGAIN_MS = 250

export type Waiting = {
  readonly deadlineMs: number
  readonly signal: AbortSignal
  /** Of those that run, all but the visitors. */
  readonly services: readonly ManagedService[]
  readonly groups?: readonly string[]
}

/** Rejects, with what is missing, when that takes longer than the deadline. */
export async function untilQuiet(rig: Rig, waiting: Waiting): Promise<void> {
  await until(
    waiting,
    async () => (await whyNotReady(waiting.services)) ?? (await whyUnread(rig, waiting)) ?? underWay(rig),
  )
}

export async function untilReady(waiting: Waiting): Promise<void> {
  await until(waiting, () => whyNotReady(waiting.services))
}

async function until({ deadlineMs, signal }: Waiting, whyNot: () => Promise<string | undefined>): Promise<void> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const reason = await whyNot().catch((error: unknown) => String(error))
    if (reason === undefined) return
    if (performance.now() > deadline) throw new Error(`not well after ${deadlineMs} ms: ${reason}`)
    await delay(LOOK_AGAIN_MS, undefined, { signal })
  }
}

async function whyNotReady(services: readonly ManagedService[]): Promise<string | undefined> {
  for (const service of services) {
    const status = await service.status().catch((error: unknown) => `does not answer: ${String(error)}`)
    if (typeof status === 'string') return `${service.name} ${status}`
    if (!status.ready) return `${service.name} is not ready: ${status.reason ?? ''}`
  }
  return undefined
}

async function whyUnread(rig: Rig, { groups }: Waiting): Promise<string | undefined> {
  const admin = rig.kafka.admin({ retry: { retries: 1 } })
  await admin.connect()
  try {
    for (const { groupId, topics } of READERS) {
      if (groups?.includes(groupId) === false) continue
      for (const topic of topics) {
        const unread = await unreadOf(admin, groupId, topic)
        if (unread > 0) return `${groupId} has ${unread} records of ${topic} to read`
      }
    }
    return undefined
  } finally {
    await admin.disconnect()
  }
}

/** Records that the group has not committed. */
export async function unreadOf(admin: Admin, groupId: string, topic: string): Promise<number> {
  const ends = await admin.fetchTopicOffsets(topic)
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const positions = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
  return ends
    .map(({ partition, low, high }) => Number(high) - Math.max(Number(low), positions.get(partition) ?? 0))
    .reduce((sum, unread) => sum + unread, 0)
}

function underWay({ storeProxy }: Rig): string | undefined {
  return storeProxy.pending > 0 ? `${storeProxy.pending} requests to ClickHouse are under way` : undefined
}

/** What of the services' own figures does not add up, in words. */
export async function unbalanced(services: readonly ManagedService[]): Promise<string[]> {
  const statuses = await Promise.all(services.map(async (service) => ({ service, status: await service.status() })))
  return statuses.flatMap(({ service, status }) => wrongFigures(status).map((words) => `${service.name}: ${words}`))
}

function wrongFigures({ counts, lost_to_retention: lost = 0 }: ServiceStatus): string[] {
  const wrong = lost > 0 ? [`${lost} records were lost to retention`] : []
  if (counts === undefined) return wrong
  const { received, accepted, dead_lettered, dropped } = counts
  if (received !== accepted + dead_lettered + dropped) wrong.push(`received is no sum: ${JSON.stringify(counts)}`)
  return wrong
}
