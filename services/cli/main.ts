/** The `roamwatch` command: finds the subcommand, loads it alone, turns its errors into one line and an exit code. */
import { enableCompileCache } from 'node:module'
import { Command, CommanderError } from 'commander'
import { AppError, type ErrorCode } from '../runtime/errors.ts'
import { nearestName } from '../runtime/nearest-name.ts'
import type { CliCommand, CommandContext } from './command.ts'
import { createTerminal } from './terminal.ts'

enableCompileCache()

const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<CliCommand> }>> = {
  up: {
    summary: 'run every stage in one process, with the embedded store',
    load: async () => (await import('./commands/up.ts')).up,
  },
  import: {
    summary: 'store the events of files and folders; the same file twice is counted once',
    load: async () => (await import('./commands/import.ts')).importFiles,
  },
  classify: {
    summary: 'one verdict a line for every event of a file, without a store',
    load: async () => (await import('./commands/classify.ts')).classify,
  },
  explain: {
    summary: 'what an error code or catalog entry means and what to do',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  query: {
    summary: 'ask SQL of the stored events',
    load: async () => (await import('./commands/query.ts')).query,
  },
  'dead-letters': {
    summary: 'records that could not become an event: list, show, replay or discard them',
    load: async () => (await import('./commands/dead-letters.ts')).deadLetters,
  },
  collect: {
    summary: 'run one collector, into Kafka: collect http, kafka or files',
    load: async () => (await import('./commands/collect.ts')).collect,
  },
  process: {
    summary: 'run one processor, from Kafka to the store',
    load: async () => (await import('./commands/process.ts')).processEvents,
  },
  serve: {
    summary: 'run the query API on the store',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  doctor: {
    summary: 'what is reachable, configured and missing',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
}
const USAGE_ERRORS: readonly ErrorCode[] = ['USAGE', 'SETTINGS_INVALID', 'QUERY_INVALID', 'QUERY_REFUSED']

const terminal = createTerminal({ stdout: process.stdout, stderr: process.stderr, env: process.env })
const stopping = new AbortController()

// A reader that leaves early (head, less) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
// More than one may come: a supervisor signals the whole group, and the launcher of a clone passes its own on.
process.on('SIGTERM', () => stopping.abort())
process.once('SIGINT', () => {
  stopping.abort()
  process.once('SIGINT', () => process.exit(130)) // a second Ctrl-C does not wait
})
// The launcher of a clone was killed: stop as well, rather than go on unseen.
process.on('disconnect', () => stopping.abort())
process.channel?.unref()

function createProgram(): Command {
  return new Command('roamwatch')
    .usage('COMMAND [options]')
    .description('Finds known Windows settings-roaming problems in event logs.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => process.stdout.write(text), writeErr: () => undefined })
}

async function run(args: readonly string[]): Promise<number> {
  const context: CommandContext = { terminal, env: process.env, signal: stopping.signal }
  const program = createProgram()
  const name = args.find((argument) => !argument.startsWith('-'))
  if (name !== undefined && name !== 'help' && !(name in COMMANDS)) throw unknownCommand(name)
  for (const [known, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(known).summary(summary).description(summary)
    if (known === name) (await load()).define(command, context)
  }
  if (args.length === 0) {
    program.outputHelp()
    return 0
  }
  await program.parseAsync([...args], { from: 'user' })
  return Number(process.exitCode ?? 0)
}

function unknownCommand(name: string): AppError {
  const nearest = nearestName(name, Object.keys(COMMANDS))
  const fix = nearest === undefined ? 'roamwatch --help lists all' : `did you mean ${nearest}?`
  return new AppError('USAGE', `unknown command ${JSON.stringify(name)}; ${fix}`)
}

function fail(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    const words = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
    terminal.say(`roamwatch: ${words}; roamwatch ${process.argv[2] ?? ''} --help shows an example`)
    return 2
  }
  if (error instanceof AppError) {
    terminal.say(`roamwatch: ${error.message}`)
    return USAGE_ERRORS.includes(error.code) ? 2 : 1
  }
  terminal.say(`roamwatch: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return 1
}

process.exitCode = await run(process.argv.slice(2)).catch(fail)
