/** The errors that an operator can meet. `code` is public and documented in docs/errors.md; a test keeps both equal. */

export const ERROR_CODES = {
  SETTINGS_INVALID: 'A setting is unknown or has a wrong value. The message names the setting and what it may be.',
  USAGE: 'The command line is wrong. The message says how; `--help` shows an example.',
  INPUT_UNREADABLE: 'A file or folder cannot be read. Check the path and the rights.',
  ENGINE_UNSUPPORTED:
    'There is no embedded ClickHouse engine for this platform. Point ROAMWATCH_CLICKHOUSE_URL at a ClickHouse server.',
  ENGINE_START_FAILED: 'The embedded ClickHouse engine did not start. Its log, named in the message, says why.',
  DATA_DIR_IN_USE: 'The data directory is in use by an engine that cannot be joined. Stop it or choose another --data.',
  PORT_IN_USE: 'The port is taken. Choose another with --port or ROAMWATCH_API_PORT.',
  STORE_UNAVAILABLE:
    'ClickHouse does not answer. Nothing is lost: senders are asked to send again. Check that it runs.',
  STORE_REFUSED: 'ClickHouse refused the request: rights, disk or limits. The message has its own words.',
  MIGRATION_CHANGED:
    'A migration that was already applied has changed. Restore the released file; migrations only go forward.',
  SCHEMA_AHEAD: 'The database was written by a newer Roamwatch. Upgrade this one.',
  BROKER_UNAVAILABLE:
    'Kafka does not answer. Nothing is lost: senders are asked to send again, and reading goes on where it stopped. Check that the brokers run and that their advertised addresses can be reached from here.',
  BROKER_REFUSED:
    'Kafka refused the credentials, the certificate or a right. The message says which; rights are listed in docs/operations.md.',
  TOPIC_MISMATCH:
    'A topic is missing, may not be created or differs from what is needed. The message says what and the command that mends it.',
  QUERY_INVALID: 'The query cannot be run as it stands. The message says where it is wrong.',
  QUERY_REFUSED: 'The query asks for something that readers may not do: writing, files, other hosts or hidden tables.',
  QUERY_TIMEOUT: 'The query ran longer than allowed. Narrow its time range.',
  NOT_FOUND: 'There is nothing under this name.',
  REQUEST_INVALID: 'A parameter of the request is unknown or has a wrong value.',
  BODY_UNREADABLE: 'No record of the request body could be read. The message lists the known formats.',
  BODY_TOO_LARGE: 'The request body is larger than allowed. Send smaller batches.',
  OVERLOADED: 'More is under way than may be. Wait for Retry-After seconds and send again.',
  STOPPING: 'The service is stopping. Send again to another instance or later.',
  INTERNAL: 'A fault in Roamwatch. Please report it with the log line.',
} as const
export type ErrorCode = keyof typeof ERROR_CODES

export class AppError extends Error {
  readonly code: ErrorCode
  /** True: the same call may succeed later. */
  readonly retryable: boolean

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.retryable = options.retryable ?? false
  }
}
