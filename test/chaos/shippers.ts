/**
 * Shippers as one has to have them: they keep a batch until it is acknowledged, however often that takes, and only then is
 * it expected to be stored. One posts lines to the gateway, the other fills a topic that the tap reads.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CompressionTypes, type Kafka, type Producer } from 'kafkajs'
import { type Expectations, type ExpectedReceipt, receiptOf } from './expectations.ts'
import type { Shipment } from './make-shipments.ts'

export type Shipper = {
  /** Takes a batch; it is sent as soon as those before it are through. */
  offer(batch: readonly Shipment[]): void
  /** Records that are not acknowledged. */
  readonly backlog: number
  /** Resolves when everything that was offered is acknowledged. */
  idle(): Promise<void>
  /** Gives up what is not acknowledged. */
  stop(): Promise<void>
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 1_000

type Deliver = (batch: readonly Shipment[], signal: AbortSignal) => Promise<void>

/** `lanes`: batches under way at a time. `deliver` rejects when the batch is to be sent again. */
function createShipper(
  deps: { readonly lanes: number; readonly expectations: Expectations; readonly end?: () => Promise<void> },
  deliver: Deliver,
): Shipper {
  const queue: (readonly Shipment[])[] = []
  const stopping = new AbortController()
  let backlog = 0
  let waiting: (() => void)[] = []
  let arrived = Promise.withResolvers<undefined>()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const batch = queue.shift()
      if (batch === undefined) {
        await arrived.promise
        continue
      }
      if (!(await deliverUntilDone(batch))) return
      deps.expectations.acknowledge(batch)
      backlog -= batch.length
      if (backlog > 0) continue
      for (const resolve of waiting) resolve()
      waiting = []
    }
  }

  async function deliverUntilDone(batch: readonly Shipment[]): Promise<boolean> {
    for (let waitMs = FIRST_WAIT_MS; !stopping.signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        await deliver(batch, stopping.signal)
        return true
      } catch {
        await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    }
    return false
  }

  const lanes = Promise.all(Array.from({ length: deps.lanes }, run))
  return {
    offer(batch) {
      if (batch.length === 0) return
      backlog += batch.length
      queue.push(batch)
      arrived.resolve(undefined)
      arrived = Promise.withResolvers<undefined>()
    },
    get backlog() {
      return backlog
    },
    idle: () => (backlog === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    async stop() {
      stopping.abort()
      arrived.resolve(undefined)
      await lanes
      await deps.end?.()
    },
  }
}

export type GatewayAnswers = {
  /** How often each status came; `none` where the connection broke. */
  readonly statuses: Map<string, number>
  /** 429 and 503 that did not say when to come again. */
  withoutRetryAfter: number
  /** Acknowledgements that did not account for their batch, in words. */
  readonly wrong: string[]
}

export function createGatewayAnswers(): GatewayAnswers {
  return { statuses: new Map(), withoutRetryAfter: 0, wrong: [] }
}

const POST_MS = 10_000

export function createGatewayShipper(
  url: string,
  deps: { readonly lanes: number; readonly expectations: Expectations; readonly answers: GatewayAnswers },
): Shipper {
  const { answers } = deps
  return createShipper(deps, async function post(batch, signal) {
    const body = batch.map(({ text }) => `${text}\n`).join('')
    const limit = AbortSignal.any([signal, AbortSignal.timeout(POST_MS)])
    const response = await fetch(`${url}/v1/events`, { method: 'POST', body, signal: limit }).catch(
      (error: unknown) => {
        note(answers, 'none')
        throw error
      },
    )
    note(answers, String(response.status))
    const answer = (await response.json()) as ExpectedReceipt
    if (response.status === 202) {
      checkReceipt(answers, batch, answer)
      return
    }
    if (!response.headers.has('retry-after')) answers.withoutRetryAfter++
    throw new Error(`the gateway answers ${response.status}`)
  })
}

function note({ statuses }: GatewayAnswers, status: string): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
}

function checkReceipt({ wrong }: GatewayAnswers, batch: readonly Shipment[], answer: ExpectedReceipt): void {
  const expected = receiptOf(batch)
  const { received, accepted, dead_lettered, dropped } = answer
  const given = { received, accepted, dead_lettered, dropped }
  if (JSON.stringify(given) !== JSON.stringify(expected)) {
    wrong.push(`an acknowledgement says ${JSON.stringify(given)} and not ${JSON.stringify(expected)}`)
  }
}

/** Plain messages with the broker's acknowledgement, one batch at a time; a connection that failed is not used again. */
export function createTopicShipper(
  kafka: Kafka,
  topic: string,
  deps: { readonly expectations: Expectations },
): Shipper {
  let producer: Producer | undefined
  const end = async () => {
    const old = producer
    producer = undefined
    await Promise.race([old?.disconnect().catch(() => undefined), delay(1_000, undefined, { ref: false })])
  }
  return createShipper({ lanes: 1, ...deps, end }, async function produce(batch) {
    try {
      if (producer === undefined) {
        const opened = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 1 } })
        producer = opened
        await opened.connect()
      }
      const messages = batch.map(({ text }, at) => ({ key: String(at % 7), value: text }))
      await producer.send({ topic, messages, acks: -1, compression: CompressionTypes.GZIP })
    } catch (error) {
      void end()
      throw error
    }
  })
}
