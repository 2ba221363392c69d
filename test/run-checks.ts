/** Runs the static checks one after another and prints what fails; the exit code is the number of failures. */
import { spawnSync } from 'node:child_process'
import { CHECKS } from './checks.ts'

export function runChecks(): { passed: number; failed: number } {
  let failed = 0
  for (const { name, command } of CHECKS) {
    const startedAt = performance.now()
    const [program = '', ...args] = command
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    })
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} ${seconds} s`)
    if (status !== 0) {
      failed++
      console.log(stdout + stderr)
    }
  }
  return { passed: CHECKS.length - failed, failed }
}

if (import.meta.main) process.exitCode = runChecks().failed
