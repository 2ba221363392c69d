/**
 * A folder per case: `input.json` lists events that must all have the verdict of `expected.json` (the same event in several
 * languages, spellings or shapes). A new rule is a new folder, no code. CONTRIBUTING.md says how to add one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { ClassifiedEvent, Verdict } from '../../schemas/classified-event.ts'
import { WindowsEvent } from '../../schemas/windows-event.ts'
import { anEvent } from '../unit/services/processor/an-event.ts'
import { rowOf, rules } from '../unit/services/processor/a-pipeline.ts'

const cases = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const event = Compile(WindowsEvent)
const row = Compile(ClassifiedEvent)
const verdictNames = Object.keys(Verdict.properties) as (keyof Verdict)[]

function read(name: string, file: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, name, file), 'utf8'))
}

describe('every golden case', () => {
  it.each(cases)('%s', (name) => {
    const inputs = read(name, 'input.json') as Partial<WindowsEvent>[]
    const expected = read(name, 'expected.json') as Verdict
    expect(inputs.length).toBeGreaterThan(0)
    for (const input of inputs) {
      expect(event.Errors(anEvent(input))).toEqual([])
      const actual = rowOf(input)
      expect(row.Errors(actual)).toEqual([])
      expect(Object.fromEntries(verdictNames.map((key) => [key, actual[key]]))).toEqual(expected)
    }
  })
})

describe('the cases together', () => {
  const verdicts = cases.map((name) => read(name, 'expected.json') as Verdict)

  it('are at least a hundred', () => {
    expect(cases.length).toBeGreaterThanOrEqual(100)
  })

  it('show every rule that an event can meet', () => {
    const shown = new Set(verdicts.map(({ rule }) => rule))
    const silent = rules.rules.filter((rule) => rule.awaits === undefined && !shown.has(rule.id)).map(({ id }) => id)
    expect(silent).toEqual([])
  })

  it('show every engine, scope and outcome', () => {
    expect(new Set(verdicts.map(({ sync_engine }) => sync_engine)).size).toBe(6)
    expect(new Set(verdicts.map(({ scope }) => scope)).size).toBe(3)
    expect(new Set(verdicts.map(({ outcome }) => outcome)).size).toBe(3)
  })
})
