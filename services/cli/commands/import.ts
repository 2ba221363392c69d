/** `roamwatch import PATH…`: stores the events of files and folders. The same file again adds nothing. */
import { randomUUID } from 'node:crypto'
import { collectFiles, type FilesSummary } from '../../../collectors/files/collect-files.ts'
import { createIntake } from '../../../collectors/intake.ts'
import type { DropRule } from '../../../collectors/keep-providers.ts'
import { createSpine } from '../../all-in-one/spine.ts'
import { AppError } from '../../runtime/errors.ts'
import { createLifecycle } from '../../runtime/lifecycle.ts'
import { createLogger } from '../../runtime/logging.ts'
import { addSettingOptions, type CliCommand, type CommandContext, type SettingFlags, settingsOf } from '../command.ts'
import type { Terminal } from '../terminal.ts'

/** How long an import goes on asking a store that does not answer. */
const RETRY_DEADLINE_MS = 60_000
const PROGRESS_MS = 200
/** Batches read ahead of the store: one more than it takes at a time. */
const BATCHES_UNDER_WAY = 5
/** Exit code of what a signal ended, as shells have it (128 + SIGINT). */
const INTERRUPTED = 130
/** Places of damage that are shown of one file. */
const SHOWN_DAMAGE = 3

export const importFiles: CliCommand = {
  define(command, context) {
    command
      .argument('<paths...>', 'files and folders of any known format, also in gzip or zip; - is standard input')
      .option('--json', 'end with the counts as one JSON line')
      .addHelpText('after', EXAMPLE)
    addSettingOptions(command, ['data', 'tenant', 'keepAll', 'timeZone', 'logLevel'])
    command.action(async (paths: string[], flags: SettingFlags & { json?: boolean }) => {
      const summary = await run(paths, flags, context)
      await report(summary, flags.json ?? false, context.terminal)
      if (summary.interrupted === true) {
        context.terminal.say('interrupted: the rest was not read; run it again to go on, nothing is counted twice')
        process.exitCode = INTERRUPTED
        process.stdin.destroy() // an open pipe would keep the process alive
        return
      }
      if (summary.files === 0) throw new AppError('USAGE', 'nothing was readable; the reasons are above')
    })
  },
}

const EXAMPLE = `
Examples:
  roamwatch import logs/ pc7.evtx exports.zip
  zcat winlogbeat.ndjson.gz | roamwatch import -`

async function run(paths: readonly string[], flags: SettingFlags, context: CommandContext): Promise<FilesSummary> {
  const { terminal, env, signal } = context
  const settings = settingsOf(flags, env)
  const log = createLogger({ level: flags.logLevel ?? 'warn', service: 'roamwatch import' })
  const spine = createSpine(settings)
  const lifecycle = createLifecycle(spine.parts, { log, deadlineMs: settings.stop_deadline_ms })
  const { catalog, sink } = spine
  const { tenant, keep, time_zone: timeZone, retention_days: retentionDays } = settings
  // The first files are read while the store opens; what is read waits for it.
  const opening = lifecycle.start()
  const failed = new AbortController()
  opening.catch(() => {
    failed.abort()
    process.stdin.destroy() // an open pipe would keep the process alive
  })
  try {
    const collecting = collectFiles(paths, {
      intake: createIntake({ catalog, tenant, keep, sourceKind: 'file', clock: Date.now, retentionDays }),
      sink: { send: (batch) => opening.then(() => sink.send(batch)) },
      runId: randomUUID(),
      clock: Date.now,
      inFlight: BATCHES_UNDER_WAY,
      retry: {
        deadlineMs: RETRY_DEADLINE_MS,
        signal: AbortSignal.any([signal, failed.signal]),
        onRetry: (error) => log.warn({ err: error }, 'the store refused a batch for now; sending it again'),
      },
      stdin: process.stdin,
      onProgress: createProgress(terminal),
      ...(timeZone === null ? {} : { timeZone }),
    })
    await Promise.allSettled([collecting, opening])
    await opening
    return await collecting
  } finally {
    terminal.progress('')
    await lifecycle.stop()
  }
}

function createProgress(terminal: Terminal) {
  let shownAt = 0
  const startedAt = Date.now()
  return ({ path, received }: { readonly path: string; readonly received: number }): void => {
    const now = Date.now()
    if (now - shownAt < PROGRESS_MS) return
    shownAt = now
    const rate = Math.round((received / Math.max(now - startedAt, 1)) * 1000)
    terminal.progress(`${received} records, ${rate}/s, ${path}`)
  }
}

async function report(summary: FilesSummary, isJson: boolean, terminal: Terminal): Promise<void> {
  for (const { path, reason } of summary.skipped) terminal.say(`skipped ${path}: ${reason}`)
  for (const line of damageWords(summary.damaged)) terminal.say(line)
  if (isJson) return terminal.out(`${JSON.stringify(summary)}\n`)
  const { files, received, stored, duplicates, dead_lettered, dropped } = summary
  await terminal.out(
    `${plural(files, 'file')}: ${received} received = ${stored} stored + ${plural(duplicates, 'duplicate')} + ` +
      `${dead_lettered} dead-lettered + ${dropped} dropped\n`,
  )
  if (dropped > 0) terminal.say(droppedWords(summary))
}

/** A few places a file; `--json` has them all. */
function damageWords(damaged: FilesSummary['damaged']): string[] {
  const byPath = new Map<string, string[]>()
  for (const { path, offset, length, reason } of damaged) {
    const place = `damaged ${path} at ${offset}${length > 0 ? `, ${length} bytes` : ''}: ${reason}`
    byPath.set(path, [...(byPath.get(path) ?? []), place])
  }
  return [...byPath].flatMap(([path, places]) => {
    const more = places.length - SHOWN_DAMAGE
    return more > 0
      ? [...places.slice(0, SHOWN_DAMAGE), `damaged ${path}: ${more} more places; --json names them`]
      : places
  })
}

/** What was left out and why, so that nobody wonders where the events went. */
function droppedWords({ dropped_by }: FilesSummary): string {
  const ofRule = (rule: DropRule) => dropped_by.filter((group) => group.rule === rule)
  const [most, ...others] = ofRule('unknown_provider')
  const words: string[] = []
  if (most !== undefined) {
    const more = others.length > 0 ? ` and ${plural(others.length, 'other source')}` : ''
    words.push(`dropped by rule: events of ${most.provider ?? 'no provider'}${more}; --keep-all keeps them`)
  }
  const expired = ofRule('expired').reduce((sum, { events }) => sum + events, 0)
  if (expired > 0) words.push(`dropped by rule: ${plural(expired, 'event')} older than retention_days`)
  return words.join('\n')
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
