import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { CAUSE_KINDS } from '../../../../schemas/catalog/catalog.ts'
import { RulesFile } from '../../../../schemas/catalog/rules-file.ts'
import { createClassifier } from '../../../../services/processor/classify/classifier.ts'
import { sharedPath } from '../../../support/shared-samples.ts'
import { catalog, rules } from './a-pipeline.ts'

const schema = Compile(RulesFile)
const facts = sharedPath('domain', 'catalog-facts.json')

describe('rules.yaml', () => {
  it('has the shape of its schema, which refuses a misspelt word', () => {
    expect(schema.Errors(rules)).toEqual([])
    const [first, ...others] = rules.rules
    expect(schema.Check({ ...rules, rules: [{ ...first, wehn: {} }, ...others] })).toBe(false)
    expect(schema.Check({ ...rules, rules: [{ ...first, when: { cod: [1] } }, ...others] })).toBe(false)
  })

  it('has each id once and all fifteen match rules', () => {
    const ids = rules.rules.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (let number = 1; number <= 15; number++) expect(ids).toContain(`R${String(number).padStart(2, '0')}`)
  })

  it('names only causes of the catalog, known providers and events, and fields that these events have', () => {
    for (const rule of rules.rules) {
      for (const { entry } of rule.candidates) expect(CAUSE_KINDS).toContain(catalog.entries.get(entry)?.kind)
      if (rule.guidance !== undefined) expect(catalog.entries.get(rule.guidance)?.kind).toBe('diagnostic-check')
      for (const name of rule.providers ?? []) {
        const provider = catalog.providers.get(name)
        expect(provider, name).toBeDefined()
        for (const id of rule.events ?? []) {
          const fields = provider?.events.get(id)?.fields.map((field) => field.name)
          expect(fields, `${name} ${id}`).toBeDefined()
        }
        for (const field of Object.keys(rule.when?.fields ?? {})) {
          const having = (rule.events ?? []).filter((id) =>
            provider?.events.get(id)?.fields.some((one) => one.name === field),
          )
          expect(having, `${rule.id} ${field}`).not.toEqual([])
        }
      }
    }
    for (const rule of rules.outcomes) {
      for (const field of Object.keys(rule.fields)) {
        for (const id of rule.events) {
          const events = rule.providers.map((name) => catalog.providers.get(name)?.events.get(id)?.fields ?? [])
          for (const fields of events) expect(fields.map(({ name }) => name)).toContain(field)
        }
      }
    }
  })

  it('says what is missing wherever the event alone does not settle it', () => {
    const names = new Set(['companion-events', 'token-resource'])
    for (const entry of catalog.entries.values()) for (const name of entry.facts_needed) names.add(name)
    for (const rule of rules.rules) {
      for (const candidate of rule.candidates) {
        if (candidate.confidence >= 0.85 || rule.awaits !== undefined) continue
        const missing = candidate.missing ?? catalog.entries.get(candidate.entry)?.facts_needed ?? []
        expect(missing, `${rule.id} ${candidate.entry}`).not.toEqual([])
        for (const name of missing) expect(names).toContain(name)
      }
    }
  })

  it('is refused when a rule names an unknown entry or provider', () => {
    const [first, ...others] = rules.rules
    if (first === undefined) throw new Error('no rules')
    const wrongEntry = { ...first, candidates: [{ entry: 'sib-nothing', confidence: 1 }] }
    const wrongProvider = { ...first, providers: ['Microsoft-Windows-Nothing'] }
    expect(() => createClassifier({ catalog, rules: { ...rules, rules: [wrongEntry, ...others] } })).toThrow('R01')
    expect(() => createClassifier({ catalog, rules: { ...rules, rules: [wrongProvider, ...others] } })).toThrow(
      'Nothing',
    )
  })
})

if (facts === undefined) console.log('rules.test.ts: ../shared/domain is not here, the drafts are not compared')
describe.skipIf(facts === undefined)('beside the drafts of the domain', () => {
  type Facts = {
    items: { id: string; kind: string; signals: { type: string }[] }[]
    matchRules: { rule: string; confidence: number; class: string }[]
  }
  const { items, matchRules } = JSON.parse(readFileSync(facts ?? join('.', 'none'), 'utf8')) as Facts

  it('every entry with a signal in an event or a code is a candidate of some rule', () => {
    const named = new Set(rules.rules.flatMap(({ candidates }) => candidates.map(({ entry }) => entry)))
    const signalled = items.filter(
      ({ kind, signals }) =>
        (CAUSE_KINDS as readonly string[]).includes(kind) &&
        signals.some(({ type }) => type === 'event' || type === 'code-family'),
    )
    expect(signalled.length).toBeGreaterThan(15)
    expect(signalled.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([])
  })

  it('every match rule that names one entry gives it the same confidence', () => {
    const compared = matchRules.filter(({ class: name }) => catalog.entries.has(name))
    expect(compared.length).toBeGreaterThanOrEqual(8)
    for (const { rule: id, class: entry, confidence } of compared) {
      const rule = rules.rules.find((one) => one.id === id)
      if (rule?.guidance === entry) continue
      expect(rule?.candidates, id).toContainEqual(expect.objectContaining({ entry, confidence }))
    }
  })
})
