/** A real KRaft broker as a Java process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Broker, BrokerOptions } from './broker.ts'
import { freePorts } from './free-ports.ts'
import { run } from './kafka-jars.ts'
import { type NodePorts, serverProperties } from './server-properties.ts'

const START_DEADLINE_MS = 60_000
const KEY_STORE_PASSWORD = 'test-key-store'

export async function startJavaBroker(jars: string, options: BrokerOptions): Promise<Broker> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'roamwatch-kafka-')))
  await mkdir(dataDir, { recursive: true })
  const [plain, controller, sasl, tls] = await freePorts()
  const cluster = options.joining?.cluster ?? { id: newClusterId(), controllerPort: controller, size: 0 }
  const nodeId = ++cluster.size
  const ports: NodePorts = {
    plain: options.port ?? plain,
    controller: cluster.controllerPort,
    sasl: options.sasl === undefined ? undefined : sasl,
    tls: options.tls === true ? tls : undefined,
  }
  const certificatePem = ports.tls === undefined ? undefined : await createKeyStore(dataDir)
  const properties = join(dataDir, 'server.properties')
  const keyStore =
    ports.tls === undefined ? undefined : { path: join(dataDir, 'key-store.p12'), password: KEY_STORE_PASSWORD }
  await writeFile(
    properties,
    serverProperties({ ports, dataDir, sasl: options.sasl, keyStore, properties: options.properties ?? {}, nodeId }),
  )
  if (!existsSync(join(dataDir, 'log', 'meta.properties'))) await format(jars, properties, cluster.id, options)

  let child: ChildProcess | undefined = await spawnBroker(jars, dataDir, options)

  async function kill(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined) return
    const ended = new Promise((resolve) => child?.once('exit', resolve))
    child.kill(signal)
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return
    await ended
    child = undefined
  }

  async function restart(): Promise<void> {
    if (child !== undefined) await kill('SIGKILL')
    child = await spawnBroker(jars, dataDir, options)
  }

  async function stop(): Promise<void> {
    await kill('SIGKILL')
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }

  const address = (port: number | undefined) => (port === undefined ? [] : [`127.0.0.1:${port}`])
  return {
    kind: 'java',
    brokers: address(ports.plain),
    saslBrokers: address(ports.sasl),
    tlsBrokers: address(ports.tls),
    certificatePem,
    cluster,
    get pid() {
      return child?.pid
    },
    kill,
    restart,
    stop,
  }
}

/** 16 bytes in base64; a leading dash would be taken for an option. */
function newClusterId(): string {
  return `A${randomBytes(16).toString('base64url').slice(1)}`
}

async function format(jars: string, properties: string, clusterId: string, options: BrokerOptions): Promise<void> {
  const user = options.sasl
  const scram = (mechanism: string) =>
    user === undefined || options.joining !== undefined
      ? []
      : ['--add-scram', `${mechanism}=[name=${user.username},password=${user.password}]`]
  const tool = ['-cp', join(jars, '*'), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties]
  const { status, output } = await run('java', [...tool, ...scram('SCRAM-SHA-256'), ...scram('SCRAM-SHA-512')])
  if (status !== 0) throw new Error(`the broker's storage could not be formatted: ${output.slice(-1000)}`)
}

/** Resolves when the broker says that it has started; its log is `broker.log` in the data folder. */
async function spawnBroker(jars: string, dataDir: string, options: BrokerOptions): Promise<ChildProcess> {
  const logPath = join(dataDir, 'broker.log')
  const log = await open(logPath, 'w')
  const java = [
    'java',
    `-Xmx${options.heapMb ?? 512}m`,
    '-XX:+UseSerialGC',
    ...(options.isFullJit === true ? [] : ['-XX:TieredStopAtLevel=1']),
    '-cp',
    join(jars, '*'),
    'kafka.Kafka',
    join(dataDir, 'server.properties'),
  ]
  // Linux ends the broker with the test process, however that dies; the process id stays Java's.
  const guard = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] : []
  const [program, ...args] = [...guard, ...java]
  const child = spawn(program!, args, { stdio: ['ignore', log.fd, log.fd] })
  await log.close()
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  await untilStarted(child, logPath)
  return child
}

async function untilStarted(child: ChildProcess, logPath: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS
  while (Date.now() < deadline) {
    const text = await readFile(logPath, 'utf8')
    if (text.includes('Kafka Server started')) return
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the broker ended at start: ${text.slice(-2000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  child.kill('SIGKILL')
  throw new Error(`the broker did not start within ${START_DEADLINE_MS} ms; ${logPath}`)
}

/** A self-signed certificate for 127.0.0.1 and localhost, by Java's own tool; returns it as PEM. */
async function createKeyStore(dataDir: string): Promise<string> {
  const store = ['-keystore', join(dataDir, 'key-store.p12'), '-storetype', 'PKCS12', '-storepass', KEY_STORE_PASSWORD]
  const subject = ['-alias', 'broker', '-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost']
  if (!existsSync(join(dataDir, 'key-store.p12'))) {
    const key = ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '30']
    const made = await run('keytool', [...key, ...subject, ...store])
    if (made.status !== 0) throw new Error(`no certificate could be made: ${made.output}`)
  }
  const shown = await run('keytool', ['-exportcert', '-rfc', '-alias', 'broker', ...store])
  return /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(shown.output)?.[0] ?? ''
}
