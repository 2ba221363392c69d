/** What it takes to reach the brokers: from the settings, with the files they name read. */
import { readFileSync } from 'node:fs'
import type { KafkaSettings } from '../../../schemas/kafka-settings.ts'
import { AppError } from '../../runtime/errors.ts'

export type KafkaClientOptions = {
  /** host:port, at least one. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** undefined: no TLS. Texts are PEM; without `ca` the system's authorities are trusted. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
  readonly sasl:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
        readonly username: string
        readonly password: string
      }
    | undefined
}

type ConnectionSettings = Pick<
  KafkaSettings,
  | 'kafka_brokers'
  | 'kafka_client_id'
  | 'kafka_sasl'
  | 'kafka_username'
  | 'kafka_password'
  | 'kafka_password_file'
  | 'kafka_tls'
  | 'kafka_tls_ca_file'
  | 'kafka_tls_cert_file'
  | 'kafka_tls_key_file'
>
type FileSetting = 'kafka_password_file' | 'kafka_tls_ca_file' | 'kafka_tls_cert_file' | 'kafka_tls_key_file'

/** Throws SETTINGS_INVALID when settings contradict each other or a file cannot be read. No message holds a secret. */
export function readClientOptions(settings: ConnectionSettings): KafkaClientOptions {
  if (settings.kafka_brokers.length === 0) {
    throw invalid('kafka_brokers must name at least one broker, for example ROAMWATCH_KAFKA_BROKERS=kafka:9092')
  }
  return {
    brokers: settings.kafka_brokers,
    clientId: settings.kafka_client_id,
    tls: readTls(settings),
    sasl: readSasl(settings),
  }
}

function readSasl(settings: ConnectionSettings): KafkaClientOptions['sasl'] {
  if (settings.kafka_password !== null && settings.kafka_password_file !== null) {
    throw invalid('set kafka_password or kafka_password_file, not both')
  }
  const password = settings.kafka_password ?? readSettingFile(settings, 'kafka_password_file')?.replace(/\r?\n$/, '')
  const mechanism = settings.kafka_sasl
  if (mechanism === 'none') {
    if (password === undefined && settings.kafka_username === null) return undefined
    throw invalid('kafka_username and kafka_password need kafka_sasl: plain, scram-sha-256 or scram-sha-512')
  }
  if (settings.kafka_username === null || password === undefined) {
    throw invalid(`kafka_sasl ${mechanism} needs kafka_username, and kafka_password or kafka_password_file`)
  }
  return { mechanism, username: settings.kafka_username, password }
}

function readTls(settings: ConnectionSettings): KafkaClientOptions['tls'] {
  const ca = readSettingFile(settings, 'kafka_tls_ca_file')
  const cert = readSettingFile(settings, 'kafka_tls_cert_file')
  const key = readSettingFile(settings, 'kafka_tls_key_file')
  if (settings.kafka_tls === 'off') {
    if (ca === undefined && cert === undefined && key === undefined) return undefined
    throw invalid('kafka_tls_ca_file, kafka_tls_cert_file and kafka_tls_key_file need kafka_tls: on')
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid('kafka_tls_cert_file and kafka_tls_key_file belong together: set both or none')
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

function readSettingFile(settings: ConnectionSettings, name: FileSetting): string | undefined {
  const path = settings[name]
  if (path === null) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('SETTINGS_INVALID', `${name} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function invalid(message: string): AppError {
  return new AppError('SETTINGS_INVALID', message)
}
