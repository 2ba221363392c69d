/** The configuration of a KRaft node on loopback: broker and controller, or one more broker. */
import { join } from 'node:path'
import type { BrokerUser } from './broker.ts'

export type NodePorts = {
  readonly plain: number
  readonly controller: number
  readonly sasl: number | undefined
  readonly tls: number | undefined
}

export type NodeConfiguration = {
  readonly ports: NodePorts
  readonly dataDir: string
  readonly sasl: BrokerUser | undefined
  /** PKCS12 key store and its password, for the TLS listener. */
  readonly keyStore: { readonly path: string; readonly password: string } | undefined
  readonly properties: Readonly<Record<string, string>>
  /** Address to listen on; default 127.0.0.1, which is what is advertised in any case. */
  readonly listenAddress?: string
  /** 1, the default, is the controller too. */
  readonly nodeId?: number
}

export function serverProperties(node: NodeConfiguration): string {
  const { nodeId = 1 } = node
  const isController = nodeId === 1
  const listeners = listenersOf(node.ports)
  const own = isController ? listeners : listeners.filter(({ name }) => name !== 'CONTROLLER')
  const addresses = (host: string) => own.map(({ name, port }) => `${name}://${host}:${port}`)
  const advertised = addresses('127.0.0.1').filter((address) => !address.startsWith('CONTROLLER'))
  const properties: Record<string, string> = {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': String(nodeId),
    'controller.quorum.voters': `1@127.0.0.1:${node.ports.controller}`,
    listeners: addresses(node.listenAddress ?? '127.0.0.1').join(','),
    'advertised.listeners': advertised.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'OPEN',
    'listener.security.protocol.map': listeners.map(({ name, protocol }) => `${name}:${protocol}`).join(','),
    'log.dirs': join(node.dataDir, 'log'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    // A killed broker may come back when its old registration has run out: after 2 seconds instead of 9.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
    'auto.create.topics.enable': 'false',
    ...saslProperties(node.sasl),
    ...tlsProperties(node.keyStore),
    ...node.properties,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function listenersOf(ports: NodePorts): { name: string; port: number; protocol: string }[] {
  return [
    { name: 'OPEN', port: ports.plain, protocol: 'PLAINTEXT' },
    { name: 'CONTROLLER', port: ports.controller, protocol: 'PLAINTEXT' },
    ...(ports.sasl === undefined ? [] : [{ name: 'LOGIN', port: ports.sasl, protocol: 'SASL_PLAINTEXT' }]),
    ...(ports.tls === undefined ? [] : [{ name: 'TLS', port: ports.tls, protocol: 'SSL' }]),
  ]
}

function saslProperties(user: BrokerUser | undefined): Record<string, string> {
  if (user === undefined) return {}
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return {
    'listener.name.login.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.login.plain.sasl.jaas.config':
      `org.apache.kafka.common.security.plain.PlainLoginModule required ` + `user_${user.username}="${user.password}";`,
    'listener.name.login.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.login.scram-sha-512.sasl.jaas.config': scram,
  }
}

function tlsProperties(keyStore: NodeConfiguration['keyStore']): Record<string, string> {
  if (keyStore === undefined) return {}
  return {
    'listener.name.tls.ssl.keystore.type': 'PKCS12',
    'listener.name.tls.ssl.keystore.location': keyStore.path,
    'listener.name.tls.ssl.keystore.password': keyStore.password,
    'listener.name.tls.ssl.key.password': keyStore.password,
  }
}
