/** `roamwatch dead-letters list | show | replay | discard`: records that could not become an event, and what to do with them. */
import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { DeadLetterFilter, ReplayResult } from '../../../schemas/api/dead-letters.ts'
import { DEAD_LETTER_STATES, type DeadLetterState } from '../../../schemas/dead-letter-action.ts'
import type { Selection } from '../../all-in-one/dead-letter-desk.ts'
import { parseTime } from '../../query-api/parameters/time.ts'
import { AppError } from '../../runtime/errors.ts'
import { addSettingOptions, type CliCommand, type CommandContext, type SettingFlags, settingsOf } from '../command.ts'
import { withDesk, withStore } from '../open-desk.ts'
import { letterText } from '../dead-letter-text.ts'
import { createLetterTable, resultLine } from '../dead-letter-table.ts'

export const deadLetters: CliCommand = {
  define(command, context) {
    command.usage('list|show|replay|discard [options]').addHelpText('after', EXAMPLE)
    command.action(() => {
      throw new AppError('USAGE', 'what of dead-letters? list, show, replay or discard')
    })
    defineList(command.command('list').description('what waits for somebody, last seen first'), context)
    defineShow(command.command('show').description('one letter, with its record'), context)
    defineReplay(command.command('replay').description("send records through today's code once more"), context)
    defineDiscard(command.command('discard').description('take letters off the list of open ones'), context)
  },
}

const EXAMPLE = `
Examples:
  roamwatch dead-letters list --reason time_zone_unknown
  roamwatch dead-letters show 9b0f2c1de58a4f7d8c3e6a5b4d2f1e0c
  roamwatch dead-letters replay --reason time_zone_unknown --time-zone Europe/Amsterdam
  roamwatch dead-letters discard 9b0f2c1de58a4f7d8c3e6a5b4d2f1e0c --because "a test device"`

const PAGE = 500
const KEY = /^[0-9a-f]{32}$/i

type FilterFlags = SettingFlags & {
  readonly state?: string
  readonly reason?: string[]
  readonly source?: string[]
  readonly since?: string
}

function addFilters(command: Command): Command {
  return command
    .option('--reason <reason...>', 'only these reasons (docs/errors.md lists all)')
    .option('--source <kind...>', 'only of these kinds of source: file, http, simulator, kafka, transport')
    .option('--since <time>', 'only those last seen then or later, for example 2026-11-01 or 2026-11-01T08:00:00Z')
}

function filterOf(flags: FilterFlags, tenant: string): DeadLetterFilter {
  const { reason, source, since } = flags
  return {
    tenant,
    ...(reason === undefined ? {} : { reasons: reason }),
    ...(source === undefined ? {} : { sourceKinds: source }),
    ...(since === undefined ? {} : { since: timeOf(since) }),
  }
}

function timeOf(text: string): string {
  try {
    return parseTime('--since', text)
  } catch (cause) {
    throw new AppError('USAGE', (cause as Error).message, { cause })
  }
}

function defineList(command: Command, { terminal, env, signal }: CommandContext): void {
  addFilters(command)
    .option('--state <state>', `${DEAD_LETTER_STATES.join(', ')} or all`, 'open')
    .option('--limit <number>', 'at most so many (default: 100 on a terminal, all in a pipe)')
    .option('--json', 'one JSON line a letter also on a terminal')
  addSettingOptions(command, ['data', 'tenant'])
  command.action(async (flags: FilterFlags & { limit?: string; json?: boolean }) => {
    const settings = settingsOf(flags, env)
    const isJson = flags.json ?? !terminal.isTerminal
    const filter = { ...filterOf(flags, settings.tenant), ...stateOf(flags.state) }
    const limit = limitOf(flags.limit, isJson)
    const table = createLetterTable(terminal)
    await withStore(settings, async (store) => {
      let shown = 0
      let cursor: string | null = null
      do {
        const query = { ...filter, limit: Math.min(PAGE, limit - shown), ...(cursor === null ? {} : { cursor }) }
        const page = await store.deadLetters(query)
        const header = shown === 0 && !isJson && page.dead_letters.length > 0 ? table.header() : ''
        const lines = page.dead_letters.map((letter) => (isJson ? `${JSON.stringify(letter)}\n` : table.row(letter)))
        await terminal.out(header + lines.join(''))
        shown += page.dead_letters.length
        cursor = page.next
      } while (cursor !== null && shown < limit && !signal.aborted)
      if (!isJson && shown === 0) terminal.say('there are no such dead letters')
      if (!isJson && cursor !== null) terminal.say(`there are more; --limit ${limit * 10} shows more of them`)
    })
  })
}

function stateOf(state = 'open'): { readonly states?: readonly DeadLetterState[] } {
  if (state === 'all') return {}
  const known = DEAD_LETTER_STATES.find((name) => name === state)
  if (known !== undefined) return { states: [known] }
  throw new AppError(
    'USAGE',
    `--state must be one of ${DEAD_LETTER_STATES.join(', ')}, all, not ${JSON.stringify(state)}`,
  )
}

function limitOf(text: string | undefined, isJson: boolean): number {
  if (text === undefined) return isJson ? Number.MAX_SAFE_INTEGER : 100
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new AppError('USAGE', `--limit must be a whole number from 1 on, not ${JSON.stringify(text)}`)
}

function defineShow(command: Command, { terminal, env }: CommandContext): void {
  command
    .argument('<key>', 'the key of a letter, 32 hex digits')
    .option('--json', 'the letter as one JSON line, its record in base64')
    .option('--raw', 'the bytes of its record and nothing else, for another program')
  addSettingOptions(command, ['data', 'tenant'])
  command.action(async (key: string, flags: SettingFlags & { json?: boolean; raw?: boolean }) => {
    const settings = settingsOf(flags, env)
    await withStore(settings, async (store) => {
      const [letter] = await store.deadLettersByKey(settings.tenant, keysOf([key]))
      if (letter === undefined) throw new AppError('NOT_FOUND', `there is no dead letter ${key}`)
      if (flags.raw === true) return terminal.out(Buffer.from(letter.bytes, 'base64'))
      const isJson = flags.json ?? !terminal.isTerminal
      return terminal.out(isJson ? `${JSON.stringify(letter)}\n` : letterText(letter, terminal))
    })
  })
}

type BulkFlags = FilterFlags & { readonly all?: boolean; readonly by?: string; readonly json?: boolean }

function addBulk(command: Command): Command {
  return addFilters(command.argument('[keys...]', 'keys of letters, 32 hex digits each'))
    .option('--all', 'every open letter of the tenant')
    .option('--by <name>', 'who does it, kept with the letter (default: the user of this process)')
    .option('--json', 'one JSON line a letter also on a terminal')
}

/** Refuses to guess: without keys, a filter or --all nothing is meant. */
function selectionOf(keys: readonly string[], flags: BulkFlags, tenant: string): Selection {
  const hasFilter = flags.reason !== undefined || flags.source !== undefined || flags.since !== undefined
  const ways = [keys.length > 0, hasFilter, flags.all === true].filter(Boolean).length
  if (ways !== 1) {
    const words = ways === 0 ? 'which letters?' : 'one or the other:'
    throw new AppError('USAGE', `${words} give keys, or --reason, --source or --since, or --all`)
  }
  return keys.length > 0 ? { tenant, keys: keysOf(keys) } : filterOf(flags, tenant)
}

function keysOf(keys: readonly string[]): string[] {
  const wrong = keys.find((key) => !KEY.test(key))
  if (wrong === undefined) return keys.map((key) => key.toLowerCase())
  throw new AppError('USAGE', `${JSON.stringify(wrong.slice(0, 60))} is no key of a dead letter: that is 32 hex digits`)
}

function defineReplay(command: Command, { terminal, env, signal }: CommandContext): void {
  addBulk(command)
  addSettingOptions(command, ['data', 'brokers', 'tenant', 'keepAll', 'timeZone', 'logLevel'])
  command.action(async (keys: string[], flags: BulkFlags) => {
    const settings = settingsOf(flags, env)
    const selection = selectionOf(keys, flags, settings.tenant)
    const isJson = flags.json ?? !terminal.isTerminal
    const counts = { replayed: 0, queued: 0, failed: 0, not_replayable: 0 }
    await withDesk(settings, { signal, logLevel: flags.logLevel ?? 'warn' }, async (desk) => {
      for await (const results of desk.replayAll(selection, userOf(flags))) {
        for (const { outcome } of results) counts[outcome]++
        await terminal.out(results.map((result) => replayLine(result, isJson)).join(''))
        if (signal.aborted) break
      }
    })
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0)
    checkFound(selection, done)
    terminal.say(
      `${lettersWords(done)}: ${counts.replayed} replayed, ${counts.queued} queued, ${counts.failed} failed again, ${counts.not_replayable} not replayable`,
    )
    if (counts.failed + counts.not_replayable > 0) process.exitCode = 1
  })

  function replayLine(result: ReplayResult, isJson: boolean): string {
    return isJson ? `${JSON.stringify(result)}\n` : resultLine(result, terminal)
  }
}

function defineDiscard(command: Command, { terminal, env, signal }: CommandContext): void {
  addBulk(command).requiredOption('--because <words>', 'why nobody needs them, kept with the letter')
  addSettingOptions(command, ['data', 'tenant'])
  command.action(async (keys: string[], flags: BulkFlags & { because: string }) => {
    const reason = flags.because.trim()
    if (reason === '') throw new AppError('USAGE', '--because must say why')
    const settings = settingsOf(flags, env)
    const selection = selectionOf(keys, flags, settings.tenant)
    let discarded = 0
    let found = 0
    await withDesk({ ...settings, kafka_brokers: [] }, { signal, logLevel: 'warn' }, async (desk) => {
      for await (const letters of desk.discardAll(selection, { by: userOf(flags), reason: reason.slice(0, 500) })) {
        found += letters.length
        discarded += letters.filter(({ state }) => state === 'discarded').length
        if (flags.json ?? !terminal.isTerminal) {
          await terminal.out(letters.map(({ bytes: _, ...letter }) => `${JSON.stringify(letter)}\n`).join(''))
        }
        if (signal.aborted) break
      }
    })
    checkFound(selection, found)
    const others = found - discarded
    terminal.say(
      `${lettersWords(discarded)} discarded${others > 0 ? `; ${others} were replayed before and stay so` : ''}`,
    )
  })
}

/** A name that is asked for and not there is an error; a filter that nothing matches is not. */
function checkFound(selection: Selection, found: number): void {
  if (!('keys' in selection)) return
  const missing = new Set(selection.keys).size - found
  if (missing > 0) throw new AppError('NOT_FOUND', `${missing} of the keys name no dead letter of ${selection.tenant}`)
}

function userOf({ by }: BulkFlags): string {
  if (by !== undefined && by.trim() !== '') return by.trim().slice(0, 128)
  try {
    return userInfo().username
  } catch {
    return 'cli' // a container may run as a user without a name
  }
}

function lettersWords(count: number): string {
  return `${count} letter${count === 1 ? '' : 's'}`
}
