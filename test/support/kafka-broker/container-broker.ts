/** The same broker from Apache's own image, through testcontainers, where a Docker engine answers and the image can be had. */
import { getContainerRuntimeClient, GenericContainer, ImageName, type StartedTestContainer, Wait } from 'testcontainers'
import type { Broker, BrokerOptions } from './broker.ts'
import { freePorts } from './free-ports.ts'
import { KAFKA_VERSION } from './kafka-jars.ts'
import { type NodePorts, serverProperties } from './server-properties.ts'

const IMAGE = `apache/kafka:${KAFKA_VERSION}`
const KEY_STORE = { path: '/tmp/key-store.p12', password: 'test-key-store' }
const DATA = '/tmp/kafka-data'

/** undefined when containers can be used; else why not, in one line. Pulls the image where it is missing. */
export async function whyNoContainer(): Promise<string | undefined> {
  try {
    const client = await getContainerRuntimeClient()
    await client.image.pull(ImageName.fromString(IMAGE)) // returns at once where the image is there
    return undefined
  } catch (error) {
    return `no container of ${IMAGE}: ${(error as Error).message.split('\n')[0] ?? ''}`
  }
}

/** Ports inside and outside are the same, so that the advertised addresses hold on either side. `dataDir` is not used. */
export async function startContainerBroker(options: BrokerOptions): Promise<Broker> {
  if (options.joining !== undefined) throw new Error('brokers in containers stand alone')
  const [plain, controller, sasl, tls] = await freePorts()
  const ports: NodePorts = {
    plain: options.port ?? plain,
    controller,
    sasl: options.sasl === undefined ? undefined : sasl,
    tls: options.tls === true ? tls : undefined,
  }
  const outside = [ports.plain, ports.sasl, ports.tls].filter((port) => port !== undefined)
  const keyStore = ports.tls === undefined ? undefined : KEY_STORE
  const node = { ports, dataDir: DATA, sasl: options.sasl, keyStore, properties: options.properties ?? {} }
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(...outside.map((port) => ({ container: port, host: port })))
    .withCopyContentToContainer([
      { content: serverProperties({ ...node, listenAddress: '0.0.0.0' }), target: '/tmp/server.properties' },
      { content: startScript(options), target: '/tmp/start.sh' },
    ])
    .withEntrypoint(['bash', '/tmp/start.sh'])
    .withEnvironment({ KAFKA_HEAP_OPTS: `-Xmx${options.heapMb ?? 512}m` })
    .withAutoRemove(false)
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start()
  const certificatePem = keyStore === undefined ? undefined : await readCertificate(container)
  return control(container, ports, certificatePem)
}

async function control(
  started: StartedTestContainer,
  ports: NodePorts,
  certificatePem: string | undefined,
): Promise<Broker> {
  const client = await getContainerRuntimeClient()
  const container = client.container.getById(started.getId())
  const address = (port: number | undefined) => (port === undefined ? [] : [`127.0.0.1:${port}`])
  let isGone = false
  return {
    kind: 'container',
    brokers: address(ports.plain),
    saslBrokers: address(ports.sasl),
    tlsBrokers: address(ports.tls),
    certificatePem,
    cluster: undefined,
    pid: undefined,
    async kill(signal) {
      await container.kill({ signal })
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await container.wait()
    },
    async restart() {
      const since = Math.floor(Date.now() / 1000)
      await container.restart({ t: 0 })
      await untilLogged(started, since)
    },
    async stop() {
      if (isGone) return
      isGone = true
      await started.stop({ timeout: 0, remove: true })
    },
  }
}

function startScript(options: BrokerOptions): string {
  const user = options.sasl
  const scram =
    user === undefined
      ? ''
      : ['SCRAM-SHA-256', 'SCRAM-SHA-512']
          .map((mechanism) => `--add-scram '${mechanism}=[name=${user.username},password=${user.password}]'`)
          .join(' ')
  const keyStore = `keytool -genkeypair -keyalg EC -groupname secp256r1 -validity 30 -alias broker -dname CN=localhost \\
  -ext san=ip:127.0.0.1,dns:localhost -keystore ${KEY_STORE.path} -storetype PKCS12 -storepass ${KEY_STORE.password}`
  return `set -e
bin=/opt/kafka/bin
${options.tls === true ? `[ -f ${KEY_STORE.path} ] || ${keyStore}` : ''}
[ -f ${DATA}/log/meta.properties ] ||
  $bin/kafka-storage.sh format -t "$($bin/kafka-storage.sh random-uuid)" -c /tmp/server.properties ${scram}
exec $bin/kafka-server-start.sh /tmp/server.properties
`
}

async function readCertificate(container: StartedTestContainer): Promise<string> {
  const store = ['-keystore', KEY_STORE.path, '-storepass', KEY_STORE.password]
  const { output } = await container.exec(['keytool', '-exportcert', '-rfc', '-alias', 'broker', ...store])
  return output
}

/** The log of the run that began at `since` (seconds since 1970) says that the broker has started. */
async function untilLogged(container: StartedTestContainer, since: number): Promise<void> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    let text = ''
    const logs = await container.logs({ since })
    const timer = setTimeout(() => logs.destroy(), 500)
    try {
      for await (const chunk of logs) {
        text += String(chunk)
        if (text.includes('Kafka Server started')) return
      }
    } catch {
      // the stream was cut after half a second: look again
    } finally {
      clearTimeout(timer)
      logs.destroy()
    }
  }
  throw new Error('the broker did not start again within a minute')
}
