/**
 * kafkajs' log lines, through ours. It calls ERROR what it then retries itself (a coordinator that moves or loads, a
 * connection refused), so its levels are lowered, and a line that repeats within half a minute goes to debug: what an
 * operator must know, this transport says itself, once, when its state changes.
 */
import { type logCreator, logLevel } from 'kafkajs'
import type { Logger } from '../../runtime/logging.ts'

const REPEAT_MS = 30_000
/** Of remembered lines; there are only some dozens of different ones. */
const MAX_REMEMBERED = 500

/** What this transport says itself, in its own words and once: that reading or sending failed, and that it goes on. */
const TOLD_BY_US = /^(?:Crash: |Restarting the consumer|Failed to send messages|The coordinator is not aware)/
/** The broker's answer to one request, which is asked again. */
const ANSWER = /^Response /

/** `onFault` hears of every error that a line carries: kafkajs says some only there, at debug level. */
export function createClientLog(
  log: Logger,
  onFault: (error: object) => void = () => undefined,
  now: () => number = Date.now,
): logCreator {
  const lastSeen = new Map<string, number>()

  function isRepeat(line: string): boolean {
    if (now() - (lastSeen.get(line) ?? -Infinity) < REPEAT_MS) return true
    if (lastSeen.size >= MAX_REMEMBERED) lastSeen.clear()
    lastSeen.set(line, now())
    return false
  }

  function ourLevel(level: logLevel, message: string, line: string): 'trace' | 'debug' | 'info' {
    if (level === logLevel.DEBUG) return 'trace'
    if (TOLD_BY_US.test(message) || ANSWER.test(message)) return 'debug'
    return level === logLevel.ERROR && !isRepeat(line) ? 'info' : 'debug'
  }

  return () =>
    ({ namespace, level, log: entry }) => {
      const { timestamp: _timestamp, logger: _logger, message, ...details } = entry as LogFields
      const fields = { component: `kafkajs ${namespace}`.trimEnd(), ...details }
      if (typeof details.error === 'object') onFault(details.error)
      log[ourLevel(level, message, `${namespace} ${message}`)](fields, message)
    }
}

/** What kafkajs types as any. */
type LogFields = {
  readonly timestamp: string
  readonly logger: unknown
  readonly message: string
  /** A text or the error itself. */
  readonly error?: string | object
}
