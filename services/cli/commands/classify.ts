/** `roamwatch classify [PATH…|-]`: one verdict a line for every event that can be read. No store, nothing kept. */
import { createIntake } from '../../../collectors/intake.ts'
import { readPaths } from '../../../collectors/files/read-paths.ts'
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../../schemas/catalog/load-rules.ts'
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { createPipeline } from '../../processor/pipeline.ts'
import { AppError } from '../../runtime/errors.ts'
import { addSettingOptions, type CliCommand, type SettingFlags, settingsOf } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import { createVerdictTable } from '../verdict-table.ts'

export const classify: CliCommand = {
  define(command, context) {
    command
      .argument('[paths...]', 'files and folders of any known format; - is standard input', ['-'])
      .option('--json', 'one JSON line an event also on a terminal')
      .addHelpText('after', EXAMPLE)
    addSettingOptions(command, ['tenant', 'timeZone'])
    command.action(async (paths: string[], flags: SettingFlags & { json?: boolean }) => {
      const { terminal, env, signal } = context
      const settings = settingsOf(flags, env)
      const report = createReport(terminal, flags.json ?? !terminal.isTerminal)
      const reader = createVerdictReader(settings.tenant)
      const readAt = new Date().toISOString()
      const formatContext = {
        receivedAt: readAt,
        ...(settings.time_zone === null ? {} : { timeZone: settings.time_zone }),
      }
      for await (const reading of readPaths(paths, formatContext, { stdin: process.stdin })) {
        if (signal.aborted) break
        if (reading.kind === 'skipped') report.skip(reading.path, reading.reason)
        else if (reading.kind === 'opened') report.open()
        else await report.records(reading.path, reader.read(reading.decoded, reading.path))
      }
      report.close()
    })
  },
}

const EXAMPLE = `
Examples:
  roamwatch classify logs/                      a folder of .evtx, XML, JSON lines, zip or gzip of these
  wevtutil qe Microsoft-Windows-AAD/Operational /f:xml | roamwatch classify -
  roamwatch classify pc7.evtx | jq 'select(.outcome == "failure") | .entry'`

type Read = {
  readonly rows: readonly ClassifiedEvent[]
  /** What could not become a verdict, in words with its place. */
  readonly problems: readonly string[]
}

function createVerdictReader(tenant: string) {
  const catalog = loadCatalog()
  const pipeline = createPipeline({ catalog, rules: loadRules(), now: () => new Date() })
  const intake = createIntake({ catalog, tenant, keep: 'all', sourceKind: 'file', clock: Date.now })

  function read(decoded: Parameters<typeof intake.take>[0], path: string): Read {
    const { events, deadLetters, damaged } = intake.take(decoded, (offset) => `${path}@${offset}`)
    const source = { tenant, kind: 'file', origin: () => path }
    const { rows, deadLetters: refused } = pipeline.processBatch(events, source)
    const letters = [...deadLetters, ...refused].map(({ origin, reason, detail }) => `${origin}: ${reason}: ${detail}`)
    const holes = damaged.map(({ offset, reason }) => `${path}@${offset}: damaged: ${reason}`)
    return { rows, problems: [...letters, ...holes] }
  }
  return { read }
}

/** Verdicts go to standard output, everything else to standard error. */
function createReport(terminal: Terminal, isJson: boolean) {
  const table = createVerdictTable(terminal)
  let opened = 0
  let verdicts = 0
  let lastSkip: string | undefined

  return {
    open(): void {
      opened++
    },
    skip(path: string, reason: string): void {
      lastSkip = `${path}: ${reason}`
      terminal.say(lastSkip)
    },
    async records(path: string, { rows, problems }: Read): Promise<void> {
      if (rows.length > 0) {
        const header = verdicts === 0 && !isJson ? table.header() : ''
        verdicts += rows.length
        const lines = rows.map((row) => (isJson ? `${JSON.stringify(row)}\n` : table.row(row)))
        await terminal.out(header + lines.join(''))
      }
      for (const problem of problems) terminal.say(problem)
      if (!terminal.isTerminal) terminal.progress(`${verdicts} verdicts, ${path}`) // else the verdicts are the progress
    },
    close(): void {
      terminal.progress('')
      if (opened === 0)
        throw new AppError('USAGE', `nothing was readable${lastSkip === undefined ? '' : `; ${lastSkip}`}`)
    },
  }
}
