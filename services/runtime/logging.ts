/** Structured logs: one JSON line an event on standard error, so that standard output stays the command's answer. */
import pino, { type Logger } from 'pino'

export type { Logger } from 'pino'

/** Written synchronously: lines of a process that dies are there. */
export function createLogger(options: { readonly level: string; readonly service: string }): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['*.password', '*.authorization', 'req.headers.authorization'], censor: '[removed]' },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
