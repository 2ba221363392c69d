/**
 * What the figures over Kafka run on: a real broker with its compiler fully on, and a ClickHouse server with the files of
 * deploy/clickhouse (an acknowledged insert is on the disk), both of this machine. Services run as an installation starts them.
 */
import { rm } from 'node:fs/promises'
import { askServer, type DeployedServer, startServer } from '../integration/deploy/server.ts'
import { hasEngine, temporaryDirectory } from '../support/clickhouse.ts'
import type { Broker } from '../support/kafka-broker/broker.ts'
import { freePorts } from '../support/kafka-broker/free-ports.ts'
import { startBroker, whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { end, type Running, startRoamwatch } from '../support/stack.ts'
import type { BenchResult } from './bench.ts'

export const PARTITIONS = 8
const BROKER_HEAP_MB = 1024
const DATABASE = 'roamwatch'
const READY_MS = 600_000

export type Rig = {
  readonly broker: Broker
  readonly server: DeployedServer
  readonly tcpPort: number
  readonly directory: string
  /** Rows of a statement, asked as a user who sees everything. */
  ask(query: string): Promise<Record<string, unknown>[]>
  /** Starts a service with the rig's settings; resolves when it is ready. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Running>
  /** Rows in our table, repeats included. */
  rows(): Promise<number>
  /** An empty store for the next run. */
  dropDatabase(): Promise<void>
}

/** undefined where this machine has no broker or no engine: it says so, and there are no figures. */
export async function withRig(measure: (rig: Rig) => Promise<BenchResult[]>): Promise<BenchResult[]> {
  if (!hasEngine() || (await whyNoBroker()) !== undefined) return []
  const { path: directory } = temporaryDirectory()
  const started: Running[] = []
  const broker = await startBroker({ heapMb: BROKER_HEAP_MB, isFullJit: true })
  try {
    const [httpPort, tcpPort] = await freePorts() // now: a broker that starts takes ports that are free
    const server = await startServer({ httpPort, tcpPort })
    try {
      return await measure(createRig({ broker, server, tcpPort, directory, started }))
    } finally {
      for (const { child } of started) await end(child)
      await server.stop()
    }
  } finally {
    await broker.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

function createRig(
  parts: Pick<Rig, 'broker' | 'server' | 'tcpPort' | 'directory'> & { readonly started: Running[] },
): Rig {
  const { broker, server, tcpPort, directory, started } = parts
  const env = {
    ROAMWATCH_KAFKA_BROKERS: broker.brokers.join(','),
    ROAMWATCH_KAFKA_PARTITIONS: String(PARTITIONS),
    ROAMWATCH_CLICKHOUSE_URL: server.url,
    ROAMWATCH_CLICKHOUSE_USER: 'roamwatch_writer',
    ROAMWATCH_CLICKHOUSE_PASSWORD: server.writerPassword,
    ROAMWATCH_API_PORT: '0',
  }
  const ask = (query: string) => askServer(server.url, query, { user: 'tester', password: '' })
  return {
    broker,
    server,
    tcpPort,
    directory,
    ask,
    async start(args, own = {}) {
      const running = await startRoamwatch(args, { env: { ...env, ...own }, directory })
      started.push(running)
      return running
    },
    rows: async () => numberIn(await ask(`SELECT count() AS n FROM ${DATABASE}._events`)),
    async dropDatabase() {
      await ask(`DROP DATABASE IF EXISTS ${DATABASE} SYNC`)
    },
  }
}

/** The column `n` of the only row. */
export function numberIn(rows: readonly Record<string, unknown>[]): number {
  return Number(rows[0]?.n ?? Number.NaN)
}

/** Asks until `isDone` holds for the answer; rejects after ten minutes. */
export async function untilSeen<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean, everyMs = 50): Promise<T> {
  const deadline = performance.now() + READY_MS
  for (;;) {
    const answer = await ask()
    if (isDone(answer)) return answer
    if (performance.now() > deadline) throw new Error(`not seen within ${READY_MS} ms; last: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** `/status` of a service. */
export async function statusOf({ health }: Running): Promise<ServiceStatus> {
  const response = await fetch(`${health}/status`)
  return (await response.json()) as ServiceStatus
}
type ServiceStatus = { readonly counts?: { readonly received: number; readonly accepted: number } }

/** A number from the environment, to try a bench with less. */
export function sizeFrom(name: string, usual: number): number {
  return Number(process.env[name] ?? usual)
}
