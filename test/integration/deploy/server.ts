/** Starts a ClickHouse server with the configuration files of deploy/clickhouse/, on loopback and in a temporary directory. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { findEngineLibrary } from '../../../services/store/clickhouse/engine/engine-library.ts'
import { temporaryDirectory } from '../../support/clickhouse.ts'

export const ROOT = join(import.meta.dirname, '../../..')
const DEPLOY = join(ROOT, 'deploy/clickhouse')
const READY_DEADLINE_MS = 60_000

export type DeployedServer = {
  readonly url: string
  readonly pid: number
  readonly writerPassword: string
  readonly readerPassword: string
  readonly stop: () => Promise<void>
}

export type ServerOptions = {
  readonly httpPort: number
  readonly tcpPort: number
  /** Files that lie beside roamwatch.xml in config.d or users.d, by their path below deploy/clickhouse/. */
  readonly files?: Readonly<Record<'config.d' | 'users.d', readonly string[]>>
  /** Text by file name that is put into config.d last. */
  readonly overrides?: Readonly<Record<string, string>>
  /** Folder with secrets, made unless given: several servers may share them. */
  readonly secrets?: string
}

/** What the image brings: the parts of ClickHouse's own config.xml and users.xml that ours take away or build upon. */
const OWN_CONFIG = ({ httpPort, tcpPort }: ServerOptions) => `<clickhouse>
  <http_port>${httpPort}</http_port><tcp_port>${tcpPort}</tcp_port><listen_host>127.0.0.1</listen_host>
  <mysql_port>9004</mysql_port><postgresql_port>9005</postgresql_port><interserver_http_port>9009</interserver_http_port>
  <logger><level>trace</level><log>/nonexistent/server.log</log><errorlog>/nonexistent/server.err.log</errorlog></logger>
  <user_directories><users_xml><path>users.xml</path></users_xml><local_directory><path>access</path></local_directory></user_directories>
  <query_log><database>system</database><table>query_log</table><partition_by>toYYYYMM(event_date)</partition_by></query_log>
</clickhouse>`
const OWN_USERS = `<clickhouse>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users>
</clickhouse>`
/**
 * The embedded engine is itself a session of `default`, which a server is not: it comes back, with the right to listen only.
 * `tester` sees everything, for asserting on what is really there.
 */
const TEST_USERS = `<clickhouse><users>
  <default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants></default>
  <tester><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT ALL ON *.*</query></grants></tester>
</users></clickhouse>`

export function makeSecrets(folder: string): string {
  const { status, stderr } = spawnSync('bash', [join(ROOT, 'deploy/docker/make-secrets.sh'), folder], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`make-secrets.sh: ${stderr}`)
  return folder
}

export async function startServer(options: ServerOptions): Promise<DeployedServer> {
  const { path, remove } = temporaryDirectory()
  const secrets = options.secrets ?? makeSecrets(join(path, 'secrets'))
  writeConfiguration(path, secrets, options)
  const engine = findEngineLibrary().path
  const program = join(import.meta.dirname, 'server-process.ts')
  const args = [program, engine, join(path, 'config.xml'), join(path, 'data')]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: path })
  const exited = once(child, 'exit')
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()))
  const url = `http://127.0.0.1:${options.httpPort}`
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    remove()
  }
  if (!(await isAnswering(url, () => child.exitCode === null))) {
    await stop()
    throw new Error(`the server does not answer: ${said.slice(-3000)}`)
  }
  const password = (name: string) => readFileSync(join(secrets, `clickhouse_${name}_password`), 'utf8')
  const passwords = { writerPassword: password('writer'), readerPassword: password('reader') }
  return { url, pid: child.pid as number, stop, ...passwords }
}

/** Rows of a statement's answer; rejects with what the server says. */
export async function askServer(
  url: string,
  query: string,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<Record<string, unknown>[]> {
  const headers = { 'x-clickhouse-user': user, 'x-clickhouse-key': password }
  const response = await fetch(`${url}/?default_format=JSONEachRow`, { method: 'POST', body: query, headers })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

function writeConfiguration(path: string, secrets: string, options: ServerOptions): void {
  for (const folder of ['config.d', 'users.d', 'data']) mkdirSync(join(path, folder))
  writeFileSync(join(path, 'config.xml'), OWN_CONFIG(options))
  writeFileSync(join(path, 'users.xml'), OWN_USERS)
  const files = {
    'config.d': [...(options.files?.['config.d'] ?? [])],
    'users.d': [...(options.files?.['users.d'] ?? [])],
  }
  files['config.d'].push('config.d/roamwatch.xml')
  files['users.d'].push('users.d/roamwatch.xml')
  for (const [folder, names] of Object.entries(files)) {
    for (const name of names) cpSync(join(DEPLOY, name), join(path, folder, basename(name)))
  }
  cpSync(join(secrets, 'clickhouse_passwords.xml'), join(path, 'users.d/roamwatch-passwords.xml'))
  writeFileSync(join(path, 'users.d/zz-test.xml'), TEST_USERS)
  const usersPath = `<clickhouse><user_directories replace="replace"><users_xml><path>${path}/users.xml</path></users_xml></user_directories></clickhouse>`
  writeFileSync(join(path, 'config.d/zz-paths.xml'), usersPath)
  for (const [name, text] of Object.entries(options.overrides ?? {})) writeFileSync(join(path, 'config.d', name), text)
}

async function isAnswering(url: string, isAlive: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_DEADLINE_MS
  while (Date.now() < deadline && isAlive()) {
    const answer = await fetch(`${url}/ping`).catch(() => undefined)
    if (answer?.ok === true) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}
