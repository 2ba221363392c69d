/** One `roamwatch` service as a supervisor keeps it: on the same addresses and settings, started again whenever it has ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import nodeFlags from '../../services/cli/node-flags.json' with { type: 'json' }
import { environmentWithoutSettings } from '../support/roamwatch-command.ts'

export type ServiceOptions = {
  readonly name: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly healthPort: number
  /** Folder of its log, which goes on over restarts. */
  readonly logs: string
}

export type ServiceStatus = {
  readonly ready: boolean
  readonly reason: string | null
  readonly counts?: Readonly<Record<'received' | 'accepted' | 'dead_lettered' | 'dropped', number>>
  readonly lag_records?: number | null
  readonly lost_to_retention?: number
}

export type ManagedService = {
  readonly name: string
  readonly pid: number | undefined
  /** Nothing happens when it runs. */
  start(): void
  /** SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void
  /** SIGKILL or SIGTERM; resolves when it has ended. It stays away until it is started. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Rejects while it does not answer. */
  status(): Promise<ServiceStatus>
  /** Times it ended without being told to, or did not end when told to, in words. */
  readonly failures: readonly string[]
}

const MAIN = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts')
const SET_PRIVILEGES = '/usr/bin/setpriv'
const AGAIN_MS = 500
/** Beyond `stop_deadline_ms`, after which it cuts itself off. */
const END_MS = 20_000
const STATUS_MS = 3_000

export function createManagedService(options: ServiceOptions): ManagedService {
  const failures: string[] = []
  let child: ChildProcess | undefined
  let isWanted = false

  function start(): void {
    isWanted = true
    if (child !== undefined) return
    const started = spawnService(options)
    child = started
    started.once('exit', (code, signal) => {
      child = undefined
      if (!isWanted) return
      failures.push(`${options.name} ended by itself: ${signal ?? `exit code ${code ?? 0}`}`)
      void delay(AGAIN_MS).then(() => (isWanted ? start() : undefined))
    })
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    isWanted = false
    const ending = child
    if (ending === undefined) return
    const ended = once(ending, 'exit') as Promise<[number | null, string | null]>
    ending.kill(signal)
    ending.kill('SIGCONT')
    const isLate = await Promise.race([ended.then(() => false), delay(END_MS, true, { ref: false })])
    if (isLate) {
      failures.push(`${options.name} did not end within ${END_MS} ms of ${signal}`)
      ending.kill('SIGKILL')
    }
    await ended
  }

  return {
    name: options.name,
    get pid() {
      return child?.pid
    },
    start,
    signal: (signal) => void child?.kill(signal),
    end,
    async status() {
      const url = `http://127.0.0.1:${options.healthPort}/status`
      const answer = await fetch(url, { signal: AbortSignal.timeout(STATUS_MS) })
      return (await answer.json()) as ServiceStatus
    },
    failures,
  }
}

function spawnService({ name, args, env, healthPort, logs }: ServiceOptions): ChildProcess {
  const log = openSync(join(logs, `${name}.log`), 'a')
  // Linux ends it with this process, however that dies; the process id stays the service's.
  const guard = existsSync(SET_PRIVILEGES) ? [SET_PRIVILEGES, '--pdeathsig', 'KILL'] : []
  const flags = nodeFlags.commands.includes(args[0] ?? '') ? nodeFlags.flags : []
  const [program, ...rest] = [...guard, process.execPath, ...flags, MAIN, ...args]
  const child = spawn(program!, rest, {
    stdio: ['ignore', log, log],
    env: { ...environmentWithoutSettings(), ...env, ROAMWATCH_HEALTH_PORT: String(healthPort) },
  })
  closeSync(log)
  return child
}
