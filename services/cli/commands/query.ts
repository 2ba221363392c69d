/** `roamwatch query SQL`: ad-hoc SQL over the views, as a user that can only read. */
import { AppError } from '../../runtime/errors.ts'
import type { SqlFormat } from '../../store/event-store.ts'
import { createStore } from '../../all-in-one/create-store.ts'
import { addSettingOptions, type CliCommand, type SettingFlags, settingsOf } from '../command.ts'

const FORMATS: readonly SqlFormat[] = ['table', 'json', 'ndjson', 'csv', 'parquet']

export const query: CliCommand = {
  define(command, { terminal, env }) {
    command
      .argument(
        '<sql...>',
        'one SELECT over events, trends_hourly, dead_letters, catalog or codes; - reads it from standard input',
      )
      .option('--format <format>', `${FORMATS.join(', ')} (default: table on a terminal, ndjson in a pipe)`)
      .addHelpText('after', EXAMPLE)
    addSettingOptions(command, ['data', 'tenant', 'logLevel'])
    command.action(async (words: string[], flags: SettingFlags & { format?: string }) => {
      const format = formatOf(flags.format, terminal.isTerminal)
      const sql = words.length === 1 && words[0] === '-' ? await readStandardInput() : words.join(' ')
      if (sql.trim() === '') throw new AppError('USAGE', 'the statement is empty; give one SELECT')
      const settings = settingsOf(flags, env)
      const store = createStore(settings)
      try {
        await store.open()
        for await (const part of await store.runSql(sql, format, settings.tenant)) await terminal.out(part)
      } finally {
        await store.close()
      }
    })
  },
}

const EXAMPLE = `
Rows of one tenant only are seen: --tenant (default: default).
In json and ndjson, 64-bit numbers are strings, so that no reader rounds them: record_id, revision, count().

Example:
  roamwatch query "SELECT entry, count() FROM events GROUP BY ALL ORDER BY 2 DESC"`

function formatOf(format: string | undefined, isTerminal: boolean): SqlFormat {
  const known = FORMATS.find((name) => name === format)
  if (known !== undefined) return known
  if (format !== undefined)
    throw new AppError('USAGE', `--format must be one of ${FORMATS.join(', ')}, not ${JSON.stringify(format)}`)
  return isTerminal ? 'table' : 'ndjson'
}

async function readStandardInput(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}
