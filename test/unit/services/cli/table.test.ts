import { expect, test } from 'vitest'
import { createTable, wrapWords } from '../../../../services/cli/table.ts'

const plain = { columns: 40, paint: (_style: string, text: string) => text }

test('gives the open column what the others leave, cuts with … and never exceeds the width', () => {
  const table = createTable(
    [
      { title: 'TIME', width: 8 },
      { title: 'CAUSE', width: 0 },
      { title: 'CODE', width: 10 },
    ],
    plain,
  )
  expect(table.header()).toBe('TIME     CAUSE                CODE\n')
  const row = table.row(['12:00:00', 'issue-mfa-required-password-signin', '0xCAA2000C'])
  expect(row).toBe('12:00:00 issue-mfa-required-… 0xCAA2000C\n')
  expect(row.length).toBe(41)
})

test('counts wide characters as two cells', () => {
  const table = createTable(
    [
      { title: 'A', width: 6 },
      { title: 'B', width: 3 },
    ],
    plain,
  )
  expect(table.row(['同期の失敗', 'x'])).toBe('同期…  x\n')
  expect(table.row(['同期', 'x'])).toBe('同期   x\n')
})

test('shows control characters of foreign text instead of sending them to the terminal', () => {
  const table = createTable([{ title: 'A', width: 30 }], plain)
  expect(table.row(['a\u001b[2Jb\r\nc\u009bd\u202ee'])).toBe('a\\x1b[2Jb  c\\x9bd\\x202ee\n')
})

test('colours a cell after it was fitted, so that colours do not count', () => {
  const painted = { columns: 40, paint: (style: string, text: string) => `<${style}>${text}</>` }
  const table = createTable(
    [
      { title: 'A', width: 4 },
      { title: 'B', width: 4 },
    ],
    painted,
  )
  expect(table.row([{ text: 'ab', style: 'red' }, 'c'])).toBe('<red>ab  </> c\n')
})

test('wraps words with an indent and leaves a long word whole', () => {
  expect(wrapWords('one two three four', 9, '  ')).toBe('one two\n  three\n  four')
  expect(wrapWords('abcdefghijkl m', 5)).toBe('abcdefghijkl\nm')
})
