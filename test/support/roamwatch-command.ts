/** Runs the `roamwatch` command as its user would, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const MAIN = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts')

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
export type RunOptions = {
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Starts the command in its own process group, so that a test may kill all of it. */
export function startCommand(args: readonly string[], options: RunOptions = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: 'pipe',
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...environmentWithoutSettings(), ...options.env },
  })
}

export async function runCommand(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = startCommand(args, options)
  child.stdin?.on('error', () => undefined) // a command that fails early does not read it
  child.stdin?.end(options.stdin ?? '')
  const { promise: code, resolve } = Promise.withResolvers<number | null>()
  child.on('close', resolve)
  const { stdout, stderr } = child
  const [answer, words] = await Promise.all([stdout ? text(stdout) : '', stderr ? text(stderr) : ''])
  return { code: await code, stdout: answer, stderr: words }
}

/** The tester's own settings must not decide. */
export function environmentWithoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ROAMWATCH|OTEL)_/.test(name)))
}
