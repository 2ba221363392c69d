/** Starts a new engine on a data directory, in a process of its own that outlives this one while others use it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../../runtime/errors.ts'
import { type EngineCard, enginePaths } from './engine-files.ts'
import type { HostOrder, HostReport } from './engine-host.ts'
import { findEngineLibrary } from './engine-library.ts'

export type StartOptions = {
  readonly dataDir: string
  /** Databases whose views readers may see. */
  readonly databases: readonly string[]
  /** Fixed port for HTTP; a free one unless given. */
  readonly httpPort?: number
}

/** `started`, or `locked` when another engine holds the directory; join that one. */
export type StartResult = { readonly kind: 'started'; readonly card: EngineCard } | { readonly kind: 'locked' }

/** ClickHouse's error number for a data directory that another server has locked (CANNOT_OPEN_FILE). */
const CODE_LOCKED = 76
/** NETWORK_ERROR: the port was taken between finding it free and listening. */
const CODE_NETWORK = 210
const PORT_ATTEMPTS = 5

/** Throws ENGINE_UNSUPPORTED, PORT_IN_USE (a fixed port is taken) or ENGINE_START_FAILED with what the engine said. */
export async function startEngine(options: StartOptions): Promise<StartResult> {
  const library = findEngineLibrary()
  // The host leaves its current directory.
  const dataDir = resolve(options.dataDir)
  for (let attempt = 1; ; attempt++) {
    const run = randomUUID()
    const runDir = join(enginePaths(dataDir).runs, run)
    await makeRunDir(runDir)
    const httpPort = options.httpPort ?? (await findFreePort())
    const order: HostOrder = {
      run,
      dataDir,
      libraryPath: library.path,
      httpPort,
      adminPassword: randomBytes(24).toString('base64url'),
      analystPassword: randomBytes(24).toString('base64url'),
      databases: options.databases,
    }
    const outcome = await spawnHost(order, runDir)
    if (outcome.kind === 'started') return outcome
    await rm(runDir, { recursive: true, force: true })
    if (outcome.code === CODE_LOCKED) return { kind: 'locked' }
    if (outcome.code !== CODE_NETWORK) throw startFailed(options, outcome.said)
    if (options.httpPort !== undefined) throw portTaken(options.httpPort, outcome.said)
    if (attempt === PORT_ATTEMPTS) throw startFailed(options, outcome.said)
  }
}

type Outcome = { readonly kind: 'started'; readonly card: EngineCard } | Failure
type Failure = { readonly kind: 'failed'; readonly code: number | undefined; readonly said: string }

async function spawnHost(order: HostOrder, runDir: string): Promise<Outcome> {
  const outputPath = join(runDir, 'output.txt')
  const output = await open(outputPath, 'a', 0o600)
  const host = spawn(process.execPath, [fileURLToPath(new URL('engine-host.ts', import.meta.url))], {
    detached: true,
    stdio: ['ignore', output.fd, output.fd, 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
    cwd: order.dataDir,
  })
  host.send(order)
  await output.close()
  const report = await firstWord(host)
  if (host.connected) host.disconnect()
  host.unref()
  if (report !== undefined) return { kind: 'started', card: report.card }
  const said = (await readFile(outputPath, 'utf8').catch(() => '')).trim()
  const code = /^Code: (\d+)\. DB::/m.exec(said)?.[1]
  return { kind: 'failed', code: code === undefined ? undefined : Number(code), said }
}

async function firstWord(host: ChildProcess): Promise<HostReport | undefined> {
  return new Promise((resolve, reject) => {
    host.once('message', (message) => resolve(message as HostReport))
    host.once('exit', () => resolve(undefined))
    host.once('error', reject)
  })
}

/** A port that is free on the loopback address now. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a loopback server has a port')
  return address.port
}

async function makeRunDir(runDir: string): Promise<void> {
  try {
    await mkdir(runDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `The data directory cannot be written: ${reason}. Choose another --data.`
    throw new AppError('ENGINE_START_FAILED', message, { cause })
  }
}

function startFailed(options: StartOptions, said: string): AppError {
  const words = said.split('\n').find((line) => line.startsWith('Code: ')) ?? said.slice(-500)
  const log = join(enginePaths(options.dataDir).logs, 'engine.log')
  return new AppError(
    'ENGINE_START_FAILED',
    `The embedded ClickHouse engine did not start: ${words || 'no word from it'} (log: ${log})`,
  )
}

function portTaken(port: number, said: string): AppError {
  return new AppError(
    'PORT_IN_USE',
    `The port ${port} of the embedded engine is taken. Choose another. ${said.slice(0, 200)}`,
  )
}
