/** One kafkajs client: our log, our codecs, and sockets that can be cut when it no longer ends by itself. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ISocketFactoryArgs, Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { Logger } from '../../runtime/logging.ts'
import { createClientLog } from './client-log.ts'
import type { KafkaClientOptions } from './client-options.ts'
import { registerCodecs } from './codecs.ts'
import { mendConnection } from './connection-patch.ts'
import { mendRecordCodec } from './record-codec-patch.ts'
import { mendRequestQueue } from './request-queue-patch.ts'
import { withinDeadline } from './within-deadline.ts'

export type KafkaClient = {
  readonly kafka: Kafka
  /**
   * Cuts every connection at once; what is under way fails. kafkajs waits for ever for the answers of a broker that hangs
   * while it disconnects, so whoever closes does it with a deadline and this behind it. Safe to call twice.
   */
  abandon(): void
  /**
   * The last fault that the brokers answered with and kafkajs kept for its debug log: of a group that we may not join
   * it says only that it found no coordinator. Heard of while telling is on, which costs time.
   */
  lastFault(): unknown
  setTelling(isTelling: boolean): void
}

const CONNECT_MS = 10_000
const REQUEST_MS = 20_000
const KEEP_ALIVE_MS = 60_000

export function createKafkaClient(options: KafkaClientOptions, log: Logger): KafkaClient {
  registerCodecs()
  mendRequestQueue()
  mendConnection()
  mendRecordCodec()
  const sockets = new Set<Socket>()
  let lastFault: unknown

  function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    const serverName = isIP(host) === 0 ? { servername: host } : {}
    // kafkajs' type says that there is always `ssl`; it is null unless TLS is on.
    const tls = ssl as ISocketFactoryArgs['ssl'] | null | undefined
    const socket =
      tls === undefined || tls === null
        ? connectTcp({ host, port }, onConnect)
        : connectTls({ host, port, ...serverName, ...tls }, onConnect)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.setNoDelay(true)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }

  const isTracing = log.isLevelEnabled('trace')
  const kafka = new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...(options.tls === undefined ? {} : { ssl: { ...options.tls } }),
    ...(options.sasl === undefined ? {} : { sasl: saslOptions(options.sasl) }),
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: { initialRetryTime: 200, maxRetryTime: 3_000, retries: 5 },
    socketFactory: openSocket,
    logLevel: isTracing ? logLevel.DEBUG : logLevel.INFO,
    logCreator: createClientLog(log, (error) => (lastFault = error)),
  })
  return {
    kafka,
    abandon() {
      for (const socket of sockets) socket.destroy(new Error('the connection was given up'))
    },
    lastFault: () => lastFault,
    setTelling(isTelling) {
      kafka.logger().setLogLevel(isTelling || isTracing ? logLevel.DEBUG : logLevel.INFO)
    },
  }
}

/** Spelt out: kafkajs' type is a union by mechanism. */
function saslOptions({ mechanism, username, password }: NonNullable<KafkaClientOptions['sasl']>): SASLOptions {
  if (mechanism === 'plain') return { mechanism, username, password }
  if (mechanism === 'scram-sha-256') return { mechanism, username, password }
  return { mechanism, username, password }
}

/** Closes within a deadline, then by force. Never rejects. */
export async function closeClient(
  client: KafkaClient,
  parts: readonly { disconnect(): Promise<void> }[],
  deadlineMs: number,
): Promise<void> {
  const closing = Promise.allSettled(parts.map((part) => part.disconnect()))
  if (!(await withinDeadline(closing, deadlineMs))) client.abandon()
}
