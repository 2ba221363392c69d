/** `roamwatch doctor`: what is reachable, configured and missing, and for each the fix. */
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../../schemas/settings.ts'
import { createDiagnoses } from '../../all-in-one/diagnoses.ts'
import type { Finding } from '../../all-in-one/finding.ts'
import { addSettingOptions, type CliCommand, type SettingFlags, settingsOf } from '../command.ts'
import { wrapWords } from '../table.ts'
import type { Style, Terminal } from '../terminal.ts'

export const doctor: CliCommand = {
  define(command, { terminal, env }) {
    command.option('--json', 'one JSON line a finding also on a terminal').addHelpText('after', EXAMPLE)
    addSettingOptions(command, ['data', 'host', 'port', 'brokers', 'tenant'])
    command.action(async (flags: SettingFlags & { json?: boolean }) => {
      const settings: Settings = settingsOf(flags, env)
      const isJson = flags.json ?? !terminal.isTerminal
      let failures = 0
      for await (const finding of createDiagnoses(settings, loadCatalog())) {
        if (finding.status === 'failed') failures++
        await terminal.out(isJson ? `${JSON.stringify(finding)}\n` : line(finding, terminal))
      }
      if (failures > 0) process.exitCode = 1
    })
  },
}

const EXAMPLE = `
Example:
  roamwatch doctor --data /var/lib/roamwatch        ends with 1 when something is broken`

const MARKS: Readonly<Record<Finding['status'], readonly [string, Style]>> = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
}
const LABEL_WIDTH = 15

function line({ status, check, detail, fix }: Finding, terminal: Terminal): string {
  const [mark, style] = MARKS[status]
  const body = fix === null ? detail : `${detail}; ${fix}`
  const indent = `\n${' '.repeat(LABEL_WIDTH + 2)}`
  const text = wrapWords(body, terminal.columns - LABEL_WIDTH - 2).replaceAll('\n', indent)
  return `${terminal.paint(style, mark)} ${check.padEnd(LABEL_WIDTH)}${text}\n`
}
