/** The contract of a subcommand: a file in commands/, loaded only when it is called. */
import type { Command } from 'commander'
import type { Settings } from '../../schemas/settings.ts'
import { readSettings } from '../runtime/settings.ts'
import type { Terminal } from './terminal.ts'

export type CommandContext = {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted on SIGINT or SIGTERM: finish or give back the work, then return. */
  readonly signal: AbortSignal
}

export type CliCommand = {
  /** Adds arguments, options, an example and the action to `command`, whose name and summary are set. */
  define(command: Command, context: CommandContext): void
}

/** The options that several commands share, by setting. */
export function addSettingOptions(command: Command, names: readonly (keyof typeof OPTIONS)[]): Command {
  for (const name of names) {
    const [flags, description] = OPTIONS[name]
    command.option(flags, description)
  }
  return command.option('--config <file>', 'settings file (YAML)')
}

const OPTIONS = {
  data: ['--data <dir>', 'data directory of the embedded engine (ROAMWATCH_DATA; default data)'],
  tenant: ['--tenant <name>', 'tenant the events belong to (default: default)'],
  keepAll: ['--keep-all', 'keep the events of every provider, not only those in the catalog'],
  timeZone: ['--time-zone <zone>', 'IANA zone of times that carry none, for example Europe/Amsterdam'],
  host: ['--host <address>', 'address the API listens on (default 127.0.0.1)'],
  port: ['--port <number>', 'port of the API; 0 takes a free one (default 8080)'],
  brokers: ['--brokers <host:port,...>', 'Kafka brokers to ask first (ROAMWATCH_KAFKA_BROKERS)'],
  healthPort: ['--health-port <number>', 'port of /healthz, /readyz and /status; 0 takes a free one (default 0)'],
  logLevel: ['--log-level <level>', 'trace, debug, info, warn, error or silent'],
} as const satisfies Record<string, readonly [string, string]>

export type SettingFlags = {
  readonly data?: string
  readonly tenant?: string
  readonly keepAll?: boolean
  readonly timeZone?: string
  readonly host?: string
  readonly port?: string
  readonly brokers?: string
  readonly healthPort?: string
  readonly logLevel?: string
  readonly config?: string
}

/** Settings of a command: its flags (`own`: those of this command alone) over environment, file and defaults. Throws SETTINGS_INVALID. */
export function settingsOf(flags: SettingFlags, env: CommandContext['env'], own: Partial<Settings> = {}): Settings {
  const given: Record<string, unknown> = {
    data: flags.data,
    tenant: flags.tenant,
    keep: flags.keepAll === true ? 'all' : undefined,
    time_zone: flags.timeZone,
    api_host: flags.host,
    api_port: numberOf(flags.port),
    kafka_brokers: flags.brokers?.split(',').map((broker) => broker.trim()),
    health_port: numberOf(flags.healthPort),
    log_level: flags.logLevel,
    ...own,
  }
  return readSettings({ env, flags: given, ...(flags.config === undefined ? {} : { file: flags.config }) })
}

/** What is no number stays text, for the schema to refuse. */
function numberOf(text: string | undefined): string | number | undefined {
  return text === undefined || !/^[0-9]+$/.test(text) ? text : Number(text)
}
