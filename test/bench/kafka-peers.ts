/**
 * What a team would run instead between Kafka and ClickHouse: the OpenTelemetry Collector and ClickHouse's own Kafka engine,
 * set up by the shared files of `tools/peers`. Neither classifies, and the collector's offsets move before its rows are stored.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../support/kafka-broker/free-ports.ts'
import { cacheFolder } from '../support/kafka-broker/kafka-jars.ts'
import { numberIn, type Rig } from './kafka-rig.ts'
import { measureRun, type Run } from './kafka-run.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PEERS = join(ROOT, '..', 'shared', 'tools', 'peers')
/** Built once for all clones of this user, in about 2.5 minutes; another place by ROAMWATCH_BENCH_OTELCOL, the path of the program. */
const BUILT = join(cacheFolder(), 'roamwatch', 'otelcol')
const BUILD_MS = 15 * 60_000

/** The program's path, or in one line why there is none. */
export function findCollector(): { readonly path: string } | { readonly missing: string } {
  const given = process.env.ROAMWATCH_BENCH_OTELCOL
  const path = given ?? join(BUILT, 'dist', 'otelcol-peer')
  if (existsSync(path)) return { path }
  if (given !== undefined) return { missing: 'ROAMWATCH_BENCH_OTELCOL names no file' }
  const script = join(PEERS, 'build-otelcol.sh')
  if (!existsSync(script)) return { missing: 'tools/peers is not here' }
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return { missing: 'no Go to build it with' }
  console.log('Building the OpenTelemetry Collector, once; about 2.5 minutes …')
  const built = spawnSync('bash', [script, BUILT], { encoding: 'utf8', timeout: BUILD_MS })
  return existsSync(path) ? { path } : { missing: `it could not be built: ${built.stderr.slice(-300)}` }
}

export type PeerTask = { readonly topic: string; readonly events: number; readonly group: string }

export async function runCollector(rig: Rig, path: string, { topic, events, group }: PeerTask): Promise<Run> {
  await makePeerTable(rig)
  const [metricsPort] = await freePorts()
  let child: ChildProcess | undefined
  const env = {
    ...process.env,
    GROUP: group,
    KAFKA: rig.broker.brokers.join(','),
    TOPIC: topic,
    CH_ENDPOINT: `tcp://127.0.0.1:${rig.tcpPort}?dial_timeout=10s&username=tester`,
  }
  // A reference within braces is no YAML for this version: the port is written in.
  const config = join(rig.directory, `otelcol-${group}.yaml`)
  const text = readFileSync(join(PEERS, 'otelcol.yaml'), 'utf8')
  writeFileSync(config, text.replaceAll(/\$\{env:METRICS_PORT[^}]*\}/g, String(metricsPort)))
  return measureRun({
    events,
    databasePid: rig.server.pid,
    start() {
      child = spawn(path, ['--config', config], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      child.stderr?.pipe(createWriteStream(join(rig.directory, `otelcol-${group}.log`)))
      child.stdout?.resume()
      return Promise.resolve([child.pid as number])
    },
    rows() {
      if (child?.exitCode !== null) throw new Error(`the collector ended: otelcol-${group}.log in ${rig.directory}`)
      return peerRows(rig)
    },
    async stop() {
      if (child === undefined || child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  })
}

export async function runKafkaEngine(rig: Rig, { topic, events, group }: PeerTask): Promise<Run> {
  await makePeerTable(rig)
  const broker = rig.broker.brokers.join(',')
  const words = { BROKER: broker, TOPIC: topic, GROUP: group }
  return measureRun({
    events,
    databasePid: rig.server.pid,
    async start() {
      for (const statement of statementsOf('clickhouse-kafka-engine.sql', words)) await rig.ask(statement)
      return []
    },
    rows: () => peerRows(rig),
    stop: () => dropPeerTable(rig),
  })
}

async function makePeerTable(rig: Rig): Promise<void> {
  await dropPeerTable(rig)
  await rig.ask('CREATE DATABASE otel ENGINE = Atomic')
  for (const statement of statementsOf('otel-table.sql')) await rig.ask(statement)
}

/** The database's tables go first: a view or a queue that still reads would hold it. */
export async function dropPeerTable(rig: Rig): Promise<void> {
  for (const table of ['mv', 'q']) {
    await rig.ask(`DROP TABLE IF EXISTS otel.${table} SYNC`).catch((error: unknown) => {
      if (!String(error).includes('UNKNOWN_DATABASE')) throw error
    })
  }
  await rig.ask('DROP DATABASE IF EXISTS otel SYNC')
}

async function peerRows(rig: Rig): Promise<number> {
  return numberIn(await rig.ask('SELECT count() AS n FROM otel.otel_logs'))
}

/** Statements of a shared file, its words in quotes replaced. */
function statementsOf(name: string, words: Readonly<Record<string, string>> = {}): string[] {
  return readFileSync(join(PEERS, name), 'utf8')
    .replaceAll(/'([A-Z]+)'/g, (quoted, word: string) => (word in words ? `'${words[word]}'` : quoted))
    .split(';')
    .filter((statement) => statement.replaceAll(/^--.*$/gm, '').trim() !== '')
}
