import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DeadLetterSummary, ReplayResult, StoredDeadLetter } from '../../schemas/api/dead-letters.ts'
import { runCommand } from '../support/roamwatch-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { zoneless } from '../integration/dead-letters/a-desk.ts'

const folder = temporaryFolder()
const data = join(folder, 'data')
const UNKNOWN = 'f'.repeat(32)

const lines = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)

async function run(command: string, ...args: readonly string[]) {
  return runCommand(['dead-letters', command, '--data', data, ...args])
}

async function count(sql: string): Promise<number> {
  const { stdout } = await runCommand(['query', '--data', data, '--format', 'csv', sql])
  return Number(stdout.trimEnd().split('\n').at(-1))
}

test('an operator finds out what waits, mends the setting, replays it, and discards the rest', async () => {
  const log = join(folder, 'pc7.json')
  writeFileSync(log, [zoneless(1), zoneless(2), '{"hello":"world"}'].join('\n'))
  await runCommand(['import', '--data', data, log])

  const listed = lines<DeadLetterSummary>((await run('list')).stdout)
  expect(listed.map(({ reason, state }) => [reason, state]).sort()).toEqual([
    ['time_zone_unknown', 'open'],
    ['time_zone_unknown', 'open'],
    ['unknown_shape', 'open'],
  ])
  const foreign = listed.find(({ reason }) => reason === 'unknown_shape')?.dead_letter_key ?? ''
  expect(
    lines((await run('list', '--reason', 'unknown_shape', '--source', 'file', '--since', '2020-01-01')).stdout),
  ).toHaveLength(1)
  expect(lines((await run('list', '--source', 'kafka')).stdout)).toEqual([])

  const shown = await run('show', foreign)
  expect(lines<StoredDeadLetter>(shown.stdout)[0]).toMatchObject({
    origin: `${log}@${zoneless(1).length * 2 + 2}`,
    is_whole: true,
  })
  expect((await run('show', '--raw', foreign)).stdout).toBe('{"hello":"world"}')

  const tooEarly = await run('replay', '--reason', 'time_zone_unknown')
  expect([tooEarly.code, lines<ReplayResult>(tooEarly.stdout).map(({ outcome }) => outcome)]).toEqual([
    1,
    ['failed', 'failed'],
  ])
  const replayed = await run(
    'replay',
    '--reason',
    'time_zone_unknown',
    '--time-zone',
    'Europe/Amsterdam',
    '--by',
    'ada',
  )
  expect(replayed.code, replayed.stderr).toBe(0)
  expect(lines<ReplayResult>(replayed.stdout).map(({ outcome, stored }) => [outcome, stored])).toEqual([
    ['replayed', 1],
    ['replayed', 1],
  ])
  expect(replayed.stderr).toContain('2 letters: 2 replayed, 0 queued, 0 failed again, 0 not replayable')
  expect(await count('SELECT count() FROM events')).toBe(2)

  const discarded = await run('discard', foreign, '--because', 'not of ours', '--by', 'bob')
  expect([discarded.code, lines(discarded.stdout)]).toMatchObject([
    0,
    [{ state: 'discarded', discard_reason: 'not of ours' }],
  ])
  expect(lines((await run('list')).stdout)).toEqual([])
  const all = lines<DeadLetterSummary>((await run('list', '--state', 'all')).stdout)
  expect(all.map(({ state, closed_by, attempts }) => [state, closed_by, attempts]).sort()).toEqual([
    ['discarded', 'bob', 0],
    ['replayed', 'ada', 2],
    ['replayed', 'ada', 2],
  ])
  // The same file again: seen again, though nothing is stored twice.
  await runCommand(['import', '--data', data, log])
  expect(lines<DeadLetterSummary>((await run('list')).stdout).map(({ reopened, seen }) => [reopened, seen])).toEqual([
    [true, 2],
    [true, 2],
  ])
  expect((await run('replay', '--all', '--time-zone', 'Europe/Amsterdam')).code).toBe(0)
  expect(await count('SELECT count() FROM events')).toBe(2)
  expect(await count("SELECT count() FROM dead_letters WHERE state = 'open'")).toBe(0)
}, 180_000)

test.for([
  [['replay'], 2, 'which letters? give keys, or --reason, --source or --since, or --all'],
  [['replay', UNKNOWN, '--all'], 2, 'one or the other: give keys'],
  [['replay', 'pc7'], 2, '"pc7" is no key of a dead letter: that is 32 hex digits'],
  [['discard', UNKNOWN], 2, "required option '--because <words>' not specified"],
  [['discard', UNKNOWN, '--because', ' '], 2, '--because must say why'],
  [['list', '--state', 'closed'], 2, '--state must be one of open, replayed, discarded, all, not "closed"'],
  [['list', '--since', 'yesterday'], 2, '--since must be a time such as 2026-11-01'],
  [['list', '--limit', '0'], 2, '--limit must be a whole number from 1 on, not "0"'],
  [['show', UNKNOWN], 1, `there is no dead letter ${UNKNOWN}`],
  [['replay', UNKNOWN], 1, '1 of the keys name no dead letter of default'],
] as const)('dead-letters %j ends with %i and says why', async ([args, code, words]) => {
  const [command, ...rest] = args
  const answer = await run(command, ...rest)
  expect([answer.code, answer.stderr]).toEqual([code, expect.stringContaining(words)])
  expect(answer.stderr).not.toMatch(/\n\s+at /)
})

test('every subcommand has help, and without one the command says which there are', async () => {
  const help = await runCommand(['dead-letters', '--help'])
  for (const name of ['list', 'show', 'replay', 'discard'])
    expect(help.stdout).toContain(`roamwatch dead-letters ${name}`)
  const none = await runCommand(['dead-letters'])
  expect([none.code, none.stderr]).toEqual([2, 'roamwatch: what of dead-letters? list, show, replay or discard\n'])
})
