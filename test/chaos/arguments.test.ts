import { expect, test } from 'vitest'
import { readArguments } from './arguments.ts'
import { tableOf } from './memory-watch.ts'

test('without arguments: a hundred faults of seed 1 on two processors', () => {
  expect(readArguments([])).toMatchObject({ kind: 'faults', faults: 100, seed: 1, processors: 2 })
})

test('reads faults and seed, the crash test, and the overload with its times', () => {
  expect(readArguments(['--faults', '300', '--seed', '2'])).toMatchObject({ kind: 'faults', faults: 300, seed: 2 })
  expect(readArguments(['--crash-test'])).toMatchObject({ kind: 'crash-test', events: 300_000, kills: 4 })
  expect(readArguments(['--overload', '--store-gone', '30'])).toMatchObject({ kind: 'overload', storeGoneSeconds: 30 })
})

test('says what is wrong with arguments, in one line', () => {
  for (const args of [['--faults', '0'], ['--seed', 'x'], ['--rate', '-1'], ['--unknown'], ['stray']]) {
    expect(readArguments(args)).toMatch(/^[^\n]+/)
    expect(typeof readArguments(args)).toBe('string')
  }
  expect(readArguments(['--faults', 'many'])).toBe('--faults must be a whole number from 1 on, not "many"')
})

test('the table of memory has a line a process and a column a part', () => {
  const parts = new Map([
    ['calm', new Map([['gateway', { first: 80, most: 90, last: 85 }]])],
    ['store gone', new Map([['kafka', { first: 400, most: 410, last: 405 }]])],
  ])
  expect(tableOf(parts)).toEqual([
    'MB resident: first/most/last  calm      store gone ',
    'gateway                       80/90/85  -          ',
    'kafka                         -         400/410/405',
  ])
})
