/**
 * `npm test`: brings what the tests need, runs the checks and every suite, names what this machine could not run and
 * why, and ends with `N passed, N failed`. On CI a suite that could not run is a failure.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChecks } from './run-checks.ts'
import { bringSystemPackages, OPTIONAL_PROGRAMS } from './system-packages.ts'

type VitestReport = {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

const isCi = process.env['CI'] === 'true' || process.env['CI'] === '1'

function runSuites(args: readonly string[]): { report: VitestReport | undefined; isClean: boolean } {
  const folder = mkdtempSync(join(tmpdir(), 'roamwatch-test-'))
  const report = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const options = { stdio: 'inherit', shell: process.platform === 'win32' } as const
    const { status } = spawnSync('vitest', ['run', ...reporters, ...args], options)
    return { report: JSON.parse(readFileSync(report, 'utf8')) as VitestReport, isClean: status === 0 }
  } catch {
    return { report: undefined, isClean: false } // vitest died before it wrote its report: its own output says why
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function notRun(report: VitestReport): string[] {
  return report.testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => fullName),
  )
}

const missing = bringSystemPackages()
const checks = runChecks()
const { report, isClean } = runSuites(process.argv.slice(2))
const skipped = report === undefined ? [] : notRun(report)

const isOptional = (name: string) => OPTIONAL_PROGRAMS.some(({ program }) => name.includes(program))
const wanted = skipped.filter((name) => !isOptional(name))

if (missing.length > 0 || skipped.length > 0) {
  console.log('\nNot run on this machine:')
  for (const reason of missing) console.log(`  ${reason}`)
  for (const name of wanted) console.log(`  ${name}`)
  for (const { program, how } of OPTIONAL_PROGRAMS) {
    const tests = skipped.filter((name) => name.includes(program)).length
    if (tests > 0) console.log(`  ${tests} tests that compare with ${program} (${how})`)
  }
}
const passed = checks.passed + (report?.numPassedTests ?? 0)
// A suite that fails to load, or an error outside any test, fails the run without a failed test.
const suiteFailures = Math.max(report?.numFailedTests ?? 0, isClean ? 0 : 1)
const failed = checks.failed + suiteFailures + (isCi ? wanted.length : 0)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
