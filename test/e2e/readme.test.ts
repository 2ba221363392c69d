import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { createVerdictTable } from '../../services/cli/verdict-table.ts'
import { runCommand } from '../support/roamwatch-command.ts'

const root = join(import.meta.dirname, '..', '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

async function exampleVerdicts(): Promise<ClassifiedEvent[]> {
  const { stdout } = await runCommand(['classify', join(root, 'docs', 'example', 'pc7.xml')])
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ClassifiedEvent)
}

test('the table in the README is what the command prints on 80 columns', async () => {
  const table = createVerdictTable({ columns: 80, paint: (_style, text) => text })
  const rows = await exampleVerdicts()
  expect(readme).toContain(table.header() + rows.map((row) => table.row(row)).join(''))
})

test('the JSON in the README is what the command prints in a pipe', async () => {
  const row = (await exampleVerdicts()).find(({ event_id }) => event_id === 6065)
  expect(readme).toContain(`\n${JSON.stringify([row?.code, row?.entry, row?.candidates])}\n`)
})

test('every file that the README links to is there', () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !link.startsWith('http'))
  expect(links.length).toBeGreaterThan(5)
  for (const link of links) expect(() => readFileSync(join(root, link)), link).not.toThrow(/ENOENT/)
})
