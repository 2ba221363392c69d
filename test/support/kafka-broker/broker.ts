/** What a test sees of a broker, whichever way it was started. */

/** Who may log in where a broker asks for it. */
export type BrokerUser = { readonly username: string; readonly password: string }

export type BrokerOptions = {
  /** Port of the open listener; default: a free one, kept over restarts. */
  readonly port?: number
  /** Default: a folder of its own, removed by stop(). A given one is kept. */
  readonly dataDir?: string
  /** A second listener that asks for this user by SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. */
  readonly sasl?: BrokerUser
  /** A third listener with TLS; `certificatePem` is then to be trusted. */
  readonly tls?: boolean
  /** More lines for server.properties. */
  readonly properties?: Readonly<Record<string, string>>
  /** Becomes one more broker beside this one (which is the controller): for leaders and coordinators that move. Java only. */
  readonly joining?: Broker
  /** Java heap in MB. */
  readonly heapMb?: number
  /** Compile to fast code: slower start, for measurements. */
  readonly isFullJit?: boolean
}

export type Broker = {
  /** How it runs: the jars' own process, or a container. */
  readonly kind: 'java' | 'container'
  /** `host:port` of the open listener. */
  readonly brokers: readonly string[]
  /** Of the SASL listener, where asked for. */
  readonly saslBrokers: readonly string[]
  /** Of the TLS listener, where asked for, and the certificate to trust. */
  readonly tlsBrokers: readonly string[]
  readonly certificatePem: string | undefined
  /** For another that joins it. */
  readonly cluster: { readonly id: string; readonly controllerPort: number; size: number } | undefined
  /** Process id of the broker; undefined in a container or while it is down. */
  readonly pid: number | undefined
  /** Sends a signal: SIGKILL and SIGTERM resolve when it has ended, SIGSTOP and SIGCONT at once. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts it again after a kill, on the same ports and data; resolves when it answers. */
  restart(): Promise<void>
  /** Ends it and removes its data. Safe to call twice. */
  stop(): Promise<void>
}
