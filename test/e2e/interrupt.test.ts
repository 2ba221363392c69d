import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { runCommand, startCommand } from '../support/roamwatch-command.ts'
import { winlogbeatLine } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Summary = Readonly<Record<'received' | 'stored' | 'duplicates' | 'dead_lettered' | 'dropped', number>> & {
  readonly interrupted?: boolean
}

const line = (recordId: number): string => `${winlogbeatLine({ recordId: String(recordId) })}\n`
const RECORDS = 3000

/** Feeds a pipe that stays open, and presses Ctrl-C once the progress shows that records were read. */
async function interrupt(data: string, ...flags: string[]) {
  const importer = startCommand(['import', '--data', data, ...flags, '-'])
  const closed = once(importer, 'close') as Promise<[number | null]>
  importer.stdin?.on('error', () => undefined)
  let words = ''
  const { promise: isReading, resolve } = Promise.withResolvers<undefined>()
  importer.stderr?.on('data', (chunk: Buffer) => {
    words += chunk.toString()
  })
  const answer = importer.stdout ? text(importer.stdout) : Promise.resolve('')
  const block = Array.from({ length: RECORDS }, (_, at) => line(at)).join('')
  importer.stdin?.write(block, () => {
    resolve(undefined)
  })
  // The pipe took the last byte: all but what it holds itself was read.
  await isReading
  if (importer.pid !== undefined) process.kill(importer.pid, 'SIGINT')
  const [code] = await closed
  return { code, stdout: await answer, stderr: words }
}

test('an import that is interrupted prints what it stored, ends with 130, and goes on when it runs again', async () => {
  const data = join(temporaryFolder(), 'data')
  const { code, stdout, stderr } = await interrupt(data, '--json')
  expect(code, stderr).toBe(130)
  const summary = JSON.parse(stdout) as Summary
  expect(summary.interrupted).toBe(true)
  expect(summary.received).toBe(summary.stored + summary.duplicates + summary.dead_lettered + summary.dropped)
  expect(summary.stored).toBeGreaterThan(0)
  expect(stderr).toMatch(/interrupted: .*run it again to go on, nothing is counted twice/)

  const stdin = Array.from({ length: RECORDS }, (_, at) => line(at)).join('')
  const again = await runCommand(['import', '--data', data, '--json', '-'], { stdin })
  expect(again.code, again.stderr).toBe(0)
  const rest = JSON.parse(again.stdout) as Summary
  expect(rest).toMatchObject({ received: RECORDS, duplicates: summary.stored, stored: RECORDS - summary.stored })
  expect(rest).not.toHaveProperty('interrupted')
}, 60_000)

test('without --json the counts are printed as ever', async () => {
  const { code, stdout } = await interrupt(join(temporaryFolder(), 'data'))
  expect(code).toBe(130)
  expect(stdout).toMatch(/^1 file: \d+ received = \d+ stored \+ 0 duplicates \+ 0 dead-lettered \+ 0 dropped\n$/)
}, 60_000)
