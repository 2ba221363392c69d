/**
 * The services as an installation runs them, each in a process of its own, on a real broker and the embedded engine, on free
 * ports, with their data in a temporary directory. `npm run stack` and the end-to-end tests start the same one.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Kafka, logLevel } from 'kafkajs'
import nodeFlags from '../../services/cli/node-flags.json' with { type: 'json' }
import { acquireEngine, type Engine } from '../../services/store/clickhouse/engine/engine.ts'
import { mendRequestQueue } from '../../services/transport/kafka/request-queue-patch.ts'
import { temporaryDirectory } from './clickhouse.ts'
import type { Broker } from './kafka-broker/broker.ts'
import { startBroker } from './kafka-broker/start-broker.ts'

export type StackOptions = {
  /** One that is there already, and that goes on; otherwise the stack starts its own. */
  readonly broker?: Broker
  readonly processors?: number
  /** Topics for the tap, as in the setting kafka_tap_topics; they are made where they are missing. */
  readonly tapTopics?: readonly string[]
  /** More settings of every service. */
  readonly env?: Readonly<Record<string, string>>
}

/** A running service. `url` and `health` as its line `ready` names them. */
export type Running = {
  readonly name: string
  readonly pid: number
  readonly url: string
  readonly health: string
  readonly child: ChildProcess
  /** Path of what it logged. */
  readonly log: string
}

export type Stack = {
  readonly directory: string
  /** The engine's, and the services' setting `data`. */
  readonly dataDir: string
  readonly engine: Engine
  readonly broker: Broker
  readonly gateway: Running
  readonly tap: Running
  readonly serve: Running
  readonly process: readonly Running[]
  /** Starts one more service with the stack's settings. */
  readonly start: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Running>
  /** SIGTERM to all in the order of the data's way, then the engine and the broker; removes the data. Safe to call twice. */
  readonly stop: () => Promise<void>
}

export const DEFAULT_TAP_TOPIC = 'winlogbeat'
const MAIN = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts')
const READY_MS = 90_000
const STOP_MS = 20_000
const PARTITIONS = '6'
/** How long the others wait for a processor that was killed: the least that a broker allows unasked. */
const SESSION_TIMEOUT_MS = '6000'

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { path: directory } = temporaryDirectory()
  const dataDir = join(directory, 'data')
  mkdirSync(dataDir)
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true, maxRetries: 5 })]
  let stopping: Promise<void> | undefined
  const stop = () => (stopping ??= undoAll(undo))
  try {
    const broker = options.broker ?? (await startBroker())
    if (options.broker === undefined) undo.push(() => broker.stop())
    const engine = await acquireEngine({ dataDir, databases: ['roamwatch'] })
    undo.push(() => engine.lease.release())
    const tapTopics = options.tapTopics ?? [DEFAULT_TAP_TOPIC]
    await makeTopics(broker, tapTopics)
    const shared = {
      ROAMWATCH_DATA: dataDir,
      ROAMWATCH_KAFKA_BROKERS: broker.brokers.join(','),
      ROAMWATCH_KAFKA_PARTITIONS: PARTITIONS,
      ROAMWATCH_KAFKA_TAP_TOPICS: tapTopics.join(','),
      ROAMWATCH_API_PORT: '0',
      ROAMWATCH_KAFKA_SESSION_TIMEOUT_MS: SESSION_TIMEOUT_MS,
      ...options.env,
    }
    const start = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const running = await startRoamwatch(args, { env: { ...shared, ...env }, directory })
      undo.push(() => end(running.child))
      return running
    }
    const processors = await Promise.all(Array.from({ length: options.processors ?? 2 }, () => start(['process'])))
    const [serve, tap, gateway] = await Promise.all([
      start(['serve'], { ROAMWATCH_KAFKA_BROKERS: '' }),
      start(['collect', 'kafka']),
      start(['collect', 'http']),
    ])
    return { directory, dataDir, engine, broker, gateway, tap, serve, process: processors, start, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** In reverse of the starting, those that were started together too: one that fails does not keep the others. */
async function undoAll(undo: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const step of [...undo].reverse()) await step().catch((error: unknown) => console.error(error))
}

let started = 0

/** Resolves when the command has printed its line `ready`; rejects with the end of its log when it ends before. */
export async function startRoamwatch(
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly directory: string },
): Promise<Running> {
  const log = join(
    options.directory,
    `${args
      .filter((arg) => !arg.startsWith('-'))
      .join('-')
      .replace(/\W+/g, '-')}-${++started}.log`,
  )
  const flags = nodeFlags.commands.includes(args[0] ?? '') ? nodeFlags.flags : []
  const child = spawn(process.execPath, [...flags, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutSettings(process.env), ...options.env },
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4000)))
  child.stderr.pipe(createWriteStream(log))
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('ready ')) continue
      const about = JSON.parse(line.slice('ready '.length)) as { service: string; url?: string; health: string }
      child.stdout.resume()
      return { name: about.service, pid: child.pid as number, url: about.url ?? '', health: about.health, child, log }
    }
  } finally {
    clearTimeout(timer)
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  throw new Error(`roamwatch ${args.join(' ')} ended before it was ready: ${words}`)
}

/** SIGTERM, and SIGKILL where that does not help in time. Resolves with its exit code; null after a signal. */
export async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
  return child.exitCode
}

/** Made with the broker's own client, as a shipper's installation would have them. */
async function makeTopics(broker: Broker, topics: readonly string[]): Promise<void> {
  mendRequestQueue()
  const admin = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const wanted = topics.map((text) => ({ topic: text.split(' ')[0] as string, numPartitions: 3 }))
    await admin.createTopics({ topics: wanted, waitForLeaders: true })
  } finally {
    await admin.disconnect()
  }
}

/** The caller's own settings must not decide. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ROAMWATCH|OTEL)_/.test(name)))
}
