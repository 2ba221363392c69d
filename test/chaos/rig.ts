/**
 * What is broken on purpose: a real broker and the real engine behind proxies, and the services in processes of their own,
 * each on addresses that stay the same over restarts. Nothing of it remains after `close`, unless it is to be studied.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { mendRequestQueue } from '../../services/transport/kafka/request-queue-patch.ts'
import { temporaryDirectory } from '../support/clickhouse.ts'
import type { Broker } from '../support/kafka-broker/broker.ts'
import { freePorts } from '../support/kafka-broker/free-ports.ts'
import { startBroker } from '../support/kafka-broker/start-broker.ts'
import { type EngineControl, startEngineControl } from './engine-control.ts'
import { createManagedService, type ManagedService } from './managed-service.ts'
import { SESSION_TIMEOUT_MS } from './plan-faults.ts'
import { startStoreProxy, type StoreProxy } from './store-proxy.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export type RigOptions = {
  readonly processors: number
  readonly env?: Readonly<Record<string, string>>
  /** Default: one of its own. */
  readonly directory?: string
}

export type Rig = {
  /** Logs and data. */
  readonly directory: string
  readonly broker: Broker
  readonly engine: EngineControl
  /** Between everything and the broker, and between everything and ClickHouse. */
  readonly kafkaProxy: TcpProxy
  readonly storeProxy: StoreProxy
  readonly processors: readonly ManagedService[]
  readonly gateway: ManagedService
  readonly tap: ManagedService
  readonly serve: ManagedService
  readonly gatewayUrl: string
  readonly apiUrl: string
  /** A client's, which goes through the proxy as everybody does. */
  readonly kafka: Kafka
  /** All services that were ever made. */
  services(): readonly ManagedService[]
  /** One more processor, not started. */
  addProcessor(name: string): Promise<ManagedService>
  /** Ends everything; removes the directory unless it is to be kept. Safe to call twice. */
  close(options: { readonly keep: boolean }): Promise<void>
}

export const TAP_TOPIC = 'shippers'
export const EVENTS_TOPIC = 'roamwatch-events'
export const DEAD_LETTERS_TOPIC = 'roamwatch-dead-letters'
const PARTITIONS = 6
const TAP_PARTITIONS = 3

export async function startRig(options: RigOptions): Promise<Rig> {
  const directory = options.directory ?? temporaryDirectory().path
  const [logs, data] = [join(directory, 'logs'), join(directory, 'clickhouse')]
  for (const folder of [logs, data]) mkdirSync(folder, { recursive: true })
  const undo: (() => Promise<unknown>)[] = []
  let closing: Promise<void> | undefined
  const close = ({ keep }: { readonly keep: boolean }) => (closing ??= closeAll(undo, keep ? undefined : directory))
  try {
    const { broker, kafkaProxy } = await startBrokerBehindProxy(directory, undo)
    const engine = await startEngineControl(data)
    undo.push(() => engine.close())
    const storeProxy = await startStoreProxy(() => engine.target)
    undo.push(() => storeProxy.close())
    mendRequestQueue()
    const brokers = [`127.0.0.1:${kafkaProxy.port}`]
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 3_000, requestTimeout: 10_000 })
    await makeTapTopic(kafka)
    const shared = { ...settingsOf(brokers, storeProxy), ...options.env }

    const all: ManagedService[] = []
    const make = async (name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const [healthPort, port] = await freePorts()
      const own = { ...shared, ROAMWATCH_API_PORT: String(port), ...env }
      const service = createManagedService({ name, args, env: own, healthPort, logs })
      all.push(service)
      undo.push(() => service.end('SIGTERM'))
      return { service, url: `http://127.0.0.1:${port}` }
    }
    const addProcessor = async (name: string) => (await make(name, ['process'])).service
    const processors: ManagedService[] = []
    for (let count = 1; count <= options.processors; count++) processors.push(await addProcessor(`process-${count}`))
    const serve = await make('serve', ['serve'], { ROAMWATCH_KAFKA_BROKERS: '' })
    const tap = await make('tap', ['collect', 'kafka'])
    const gateway = await make('gateway', ['collect', 'http'])
    return {
      directory,
      broker,
      engine,
      kafkaProxy,
      storeProxy,
      processors,
      gateway: gateway.service,
      tap: tap.service,
      serve: serve.service,
      gatewayUrl: gateway.url,
      apiUrl: serve.url,
      kafka,
      services: () => all,
      addProcessor,
      close,
    }
  } catch (error) {
    await close({ keep: false })
    throw error
  }
}

/** The broker names the proxy as its own address, so that no client goes around it. */
async function startBrokerBehindProxy(directory: string, undo: (() => Promise<unknown>)[]) {
  const target = { host: '127.0.0.1', port: 0 }
  const kafkaProxy = await startTcpProxy(() => target)
  undo.push(() => kafkaProxy.close())
  const properties = { 'advertised.listeners': `OPEN://127.0.0.1:${kafkaProxy.port}` }
  const broker = await startBroker({ properties, dataDir: join(directory, 'kafka') })
  undo.push(() => broker.stop())
  target.port = Number(broker.brokers[0]?.split(':')[1])
  return { broker, kafkaProxy }
}

function settingsOf(brokers: readonly string[], storeProxy: StoreProxy): Record<string, string> {
  return {
    ROAMWATCH_KAFKA_BROKERS: brokers.join(','),
    ROAMWATCH_KAFKA_PARTITIONS: String(PARTITIONS),
    ROAMWATCH_KAFKA_TAP_TOPICS: TAP_TOPIC,
    ROAMWATCH_KAFKA_SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
    ROAMWATCH_CLICKHOUSE_URL: storeProxy.url,
    ROAMWATCH_CLICKHOUSE_USER: 'admin',
    ROAMWATCH_CLICKHOUSE_PASSWORD: 'the proxy knows it',
    ROAMWATCH_STOP_DEADLINE_MS: '5000',
  }
}

async function makeTapTopic(kafka: Kafka): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const topics = [{ topic: TAP_TOPIC, numPartitions: TAP_PARTITIONS }]
    await admin.createTopics({ topics, waitForLeaders: true })
  } finally {
    await admin.disconnect()
  }
}

/** In reverse of the starting; one that fails does not keep the others. */
async function closeAll(undo: readonly (() => Promise<unknown>)[], directory: string | undefined): Promise<void> {
  for (const step of [...undo].reverse()) {
    await step().catch((error: unknown) => process.stderr.write(`while stopping: ${String(error)}\n`))
  }
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}
