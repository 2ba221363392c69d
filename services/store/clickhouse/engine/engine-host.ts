/**
 * The child process that holds the embedded ClickHouse server. It loads the library, runs its servers in a second thread,
 * and watches who uses it: when the last user has left, the engine ends. Started by `start-engine.ts`, never by hand.
 *
 * The call: a `clickhouse local` whose query starts the HTTP server and then sleeps. Killing that query ends the engine cleanly.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type * as Ffi from 'ffi-rs'
import { openDoor } from './door.ts'
import { type EngineCard, enginePaths, removeEngineCard, writeEngineCard } from './engine-files.ts'
import { serverConfig, usersConfig } from './engine-config.ts'
import { type LeaseDesk, openLeaseDesk } from './lease.ts'

/** What the starter hands over, as its only message: other users of the machine can read arguments and environments. */
export type HostOrder = {
  readonly run: string
  readonly dataDir: string
  readonly libraryPath: string
  readonly httpPort: number
  readonly adminPassword: string
  readonly analystPassword: string
  readonly databases: readonly string[]
}
/** The only message to the starter. */
export type HostReport = { readonly kind: 'ready'; readonly card: EngineCard }

/** How long the engine waits for another user after the last one left: a second command on the same directory joins it. */
const GRACE_MS = 200
/** How long a fresh engine waits for its first user. */
const FIRST_USER_MS = 10_000
/**
 * The server closes its port within 0.1 s, or after 5 s where clients left connections idle, and its tables right after that. Then the
 * library aborts in one of its own threads and would hang there, so the process is ended, which loses nothing that was acknowledged.
 */
const STOP_DEADLINE_MS = 2000
const CLOSE_TABLES_MS = 200
/** Between two looks whether the server has begun or ended to listen. */
const POLL_MS = 10
const READY_DEADLINE_MS = 90_000
/** Name of the query that keeps the engine alive. */
const KEEPER = 'roamwatch-keeper'
const STALE_RUN_MS = 120_000

async function runHost(order: HostOrder): Promise<void> {
  process.umask(0o077)
  // A host that does not work must not keep the directory locked.
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) process.on(fault, endHard)
  const paths = enginePaths(order.dataDir)
  const runDir = join(paths.runs, order.run)
  await mkdir(paths.logs, { recursive: true })
  const usersFile = join(runDir, 'users.xml')
  const configFile = join(runDir, 'config.xml')
  await writeFile(usersFile, usersConfig(order))
  const { uri: doorUri } = await openDoor()
  const settings = { httpPort: order.httpPort, databaseDir: paths.database, logDir: paths.logs, usersFile, doorUri }
  await writeFile(configFile, serverConfig(settings))
  // The library's own exit handlers crash once its threads are gone; a hard end is safe.
  void runServer(order, configFile).then(() => endHard(), endHard)
  if (!(await isServing(order))) endHard('The engine did not answer in time')
  await forbidFiles(order, runDir)
  await watchUsers(order)
  await removeStaleRuns(paths.runs, order.run)
}

/** Resolves when the server has ended. */
async function runServer(order: HostOrder, configFile: string): Promise<void> {
  const require = createRequire(import.meta.url)
  const { open, load, DataType } = require('ffi-rs') as typeof Ffi
  open({ library: 'clickhouse', path: order.libraryPath })
  const keeper = `SELECT '${KEEPER}', sleepEachRow(0.2) FROM numbers(1000000000) SETTINGS max_block_size = 1, max_execution_time = 0, function_sleep_max_microseconds_per_block = 0 FORMAT Null`
  const path = enginePaths(order.dataDir).database
  const argv = [
    'clickhouse',
    `--config-file=${configFile}`,
    '--path',
    path,
    // `local` does not heed the configuration's level and would log every step of every statement.
    '--log-level=information',
    '--multiquery',
    '--query',
    `SYSTEM START LISTEN HTTP; ${keeper}`,
  ]
  await load({
    library: 'clickhouse',
    funcName: 'query_stable_v2',
    retType: DataType.External,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [argv.length, argv],
    runInNewThread: true,
  })
}

async function isServing(order: HostOrder): Promise<boolean> {
  const deadline = Date.now() + READY_DEADLINE_MS
  while (Date.now() < deadline) {
    // Only this engine knows the password, so the answer cannot come from another server on the port.
    if ((await ask(order, 'SELECT 1').catch(() => '')) === '1\n') return true
    await sleep(POLL_MS)
  }
  return false
}

/**
 * Takes the current directory away from under the engine. Its functions that read files of the machine resolve the current directory before
 * anything else, so from here on all of them fail, whoever asks; nobody else knows a password before. Its own files have absolute paths.
 */
async function forbidFiles(order: HostOrder, runDir: string): Promise<void> {
  const nowhere = join(runDir, 'nowhere')
  await mkdir(nowhere)
  process.chdir(nowhere)
  await rmdir(nowhere)
  const probe = `SELECT file('${process.execPath.replaceAll(/[\\']/g, '\\$&')}') FORMAT Null`
  const isRefused = await ask(order, probe).then(
    () => false,
    (error: unknown) => String(error).includes('getcwd'),
  )
  if (!isRefused) endHard('This version of the engine reads files for whoever may ask it; it must not run')
}

async function watchUsers(order: HostOrder): Promise<void> {
  let desk: LeaseDesk | undefined = undefined
  let timer: NodeJS.Timeout | undefined
  const wait = (delayMs: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void stop(order, desk), delayMs)
  }
  desk = await openLeaseDesk(order.adminPassword, (users) => (users === 0 ? wait(GRACE_MS) : clearTimeout(timer)))
  const onStarterGone = () => (desk.count() === 0 ? wait(GRACE_MS) : undefined)
  wait(process.connected ? FIRST_USER_MS : GRACE_MS)
  process.once('disconnect', onStarterGone)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(order, desk))
  const { run, httpPort, adminPassword, analystPassword, databases } = order
  const card = { run, pid: process.pid, httpPort, leasePort: desk.port, adminPassword, analystPassword, databases }
  await writeEngineCard(order.dataDir, card)
  // The starter may have died meanwhile; then nobody waits for the word.
  if (process.connected) process.send?.({ kind: 'ready', card } satisfies HostReport, () => undefined)
}

async function stop(order: HostOrder, desk: LeaseDesk | undefined): Promise<void> {
  desk?.close()
  setTimeout(() => endHard(), STOP_DEADLINE_MS)
  await removeEngineCard(order.dataDir, order.run).catch(() => undefined)
  await rm(join(enginePaths(order.dataDir).runs, order.run), { recursive: true, force: true }).catch(() => undefined)
  await ask(order, `KILL QUERY WHERE query LIKE '%${KEEPER}%' AND user = '' ASYNC`).catch(endHard)
  while (await isListening(order.httpPort)) await sleep(POLL_MS)
  setTimeout(() => endHard(), CLOSE_TABLES_MS)
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Ends at once, which loses nothing that was acknowledged. The last words are for `output.txt` in the run's folder. */
function endHard(reason?: unknown): void {
  if (reason !== undefined) writeSync(2, `${inspect(reason)}\n`)
  process.kill(process.pid, 'SIGKILL')
}

/** Asks over a connection of its own: the server would wait for an idle one when it ends. */
async function ask(order: HostOrder, query: string): Promise<string> {
  const headers = { 'X-ClickHouse-User': 'admin', 'X-ClickHouse-Key': order.adminPassword, Connection: 'close' }
  const options = { host: '127.0.0.1', port: order.httpPort, method: 'POST', headers, agent: false, timeout: 5000 }
  const call = request(options)
  call.on('timeout', () => call.destroy(new Error('no answer in time')))
  call.end(query)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const answer = await text(response)
  if (response.statusCode !== 200) throw new Error(answer)
  return answer
}

/** Settings of engines that were killed hard; young ones may belong to a process that is just starting. */
async function removeStaleRuns(runs: string, own: string): Promise<void> {
  for (const name of await readdir(runs)) {
    const path = join(runs, name)
    const state = await stat(path).catch(() => undefined)
    if (name === own || state === undefined || Date.now() - state.mtimeMs < STALE_RUN_MS) continue
    await rm(path, { recursive: true, force: true })
  }
}

// Only the starter's child has a channel to it; importing this module does nothing.
if (process.send !== undefined && import.meta.main) process.once('message', (order) => void runHost(order as HostOrder))
