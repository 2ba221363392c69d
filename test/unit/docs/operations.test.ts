import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..', '..')
const page = readFileSync(join(root, 'docs', 'operations.md'), 'utf8')
const [, broken = ''] = page.split('## When something is broken')
const rows = broken
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| What ') && !/^\| -/.test(line))

test('every situation says what Roamwatch does, what to do, and which test shows it', () => {
  expect(rows.length).toBeGreaterThan(15)
  for (const row of rows) {
    const cells = row.split('|').slice(1, -1)
    expect(cells, row).toHaveLength(4)
    for (const cell of cells) expect(cell.trim(), row).not.toBe('')
    const [, file = ''] = /`(test\/[^`]+)`/.exec(cells[3] ?? '') ?? []
    expect(existsSync(join(root, file)) && file !== '', row).toBe(true)
  }
})
