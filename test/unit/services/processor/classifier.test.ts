import { describe, expect, it } from 'vitest'
import type { EventFact } from '../../../../schemas/catalog/catalog.ts'
import { formatErrorCode } from '../../../../schemas/catalog/error-code.ts'
import type { ClassifiedEvent } from '../../../../schemas/classified-event.ts'
import { catalog, rowOf } from './a-pipeline.ts'

const AAD = 'Microsoft-Windows-AAD'
const SYNC = 'https://syncservice.windows.net/*'
const events = [...catalog.providers.values()].flatMap((provider) =>
  [...provider.events.values()].map((fact) => ({ provider, fact })),
)

/** The spellings in which a manifest type prints a code. */
function spellings(type: string, code: number): string[] {
  if (type === 'HexInt32') return [`0x${code.toString(16)}`]
  if (type === 'Int32') return [String(code | 0)]
  if (type === 'UnicodeString') return [`0x${code.toString(16)}`]
  return [String(code), `0x${code.toString(16).toUpperCase()}`]
}

describe('every code field of every event in the provider table', () => {
  it('is read in every spelling of its type, and makes a failure', () => {
    let count = 0
    for (const { provider, fact } of events) {
      for (const name of fact.code_fields) {
        const type = fact.fields.find((field) => field.name === name)?.type ?? 'UInt32'
        for (const text of spellings(type, 0x80070520)) {
          const row = rowOf({ provider: provider.name, event_id: fact.event_id, data: { [name]: text } })
          expect([provider.name, fact.event_id, name, text, row.code, row.outcome]).toEqual([
            provider.name,
            fact.event_id,
            name,
            text,
            '0x80070520',
            'failure',
          ])
          count++
        }
      }
    }
    expect(count).toBeGreaterThan(600)
  })

  it('is read by position where the copy has no names', () => {
    for (const { provider, fact } of events) {
      const [name] = fact.code_fields
      if (name === undefined) continue
      const data = Object.fromEntries(
        fact.fields.map((field, index) => [`param${index + 1}`, field.name === name ? '-2147023584' : '']),
      )
      const row = rowOf({ provider: provider.name, event_id: fact.event_id, data })
      expect([provider.name, fact.event_id, row.code]).toEqual([provider.name, fact.event_id, '0x80070520'])
      const names = fact.fields.map((field) => field.name)
      // Two builds of one length that disagree on the names: the positions stay.
      const disagree = (fact.variants ?? []).some(
        (fields) => fields.length === names.length && fields.some((field, index) => field.name !== names[index]),
      )
      expect(Object.keys(row.data)).toEqual(disagree ? Object.keys(data) : names)
    }
  })

  it('says success with 0, but where the table says notice', () => {
    for (const { provider, fact } of events) {
      if (fact.code_fields.length === 0) continue
      const data = Object.fromEntries(fact.code_fields.map((name) => [name, '0']))
      const row = rowOf({ provider: provider.name, event_id: fact.event_id, data })
      expect([fact.event_id, row.code, row.outcome]).toEqual([fact.event_id, null, fact.outcome ?? 'success'])
    }
  })
})

describe('every text field of every event', () => {
  it('gives its codes, in the order of the text', () => {
    for (const { provider, fact } of events) {
      for (const name of fact.text_fields) {
        const data = { [name]: 'Ergebnis 0xCAA20002, -2146959355 (0x80080005), AADSTS53003: x' }
        const row = rowOf({ provider: provider.name, event_id: fact.event_id, data })
        expect([fact.event_id, row.codes, row.aadsts]).toEqual([fact.event_id, ['0xCAA20002', '0x80080005'], 53003])
      }
    }
  })
})

describe('invariants, over all events and many contents', () => {
  const contents = (fact: EventFact): Record<string, string>[] => {
    const resources = ['', ` resource: ${SYNC}`, ' resource: https://outlook.office365.com/']
    const numbers = [50076, 53003, 50158, 50155, 50055, 500133, 65002]
    const codes = [
      0xcaa5001c, 0xcaa2000c, 0xcaa90004, 0x80070533, 0x80070259, 0x80072f8f, 0xc000005f, 0xc0000133, 0x801c03f2,
    ]
    return codes.map((code, index) => {
      const text = `${formatErrorCode(code)} AADSTS${numbers[index % numbers.length] ?? 50076}: x${resources[index % 3] ?? ''}`
      return Object.fromEntries([
        ...fact.code_fields.map((name) => [name, String(code)]),
        ...fact.text_fields.map((name) => [name, text]),
      ]) as Record<string, string>
    })
  }
  const rows: ClassifiedEvent[] = events.flatMap(({ provider, fact }) =>
    contents(fact).map((data) => rowOf({ provider: provider.name, event_id: fact.event_id, data })),
  )

  it('hold: an entry is the best candidate, sure enough and far enough ahead', () => {
    expect(rows.length).toBeGreaterThan(10_000)
    for (const row of rows) {
      const [best, next] = row.candidates
      const isEntry =
        best !== undefined &&
        best.confidence >= 0.6 &&
        Math.round((best.confidence - (next?.confidence ?? 0)) * 100) >= 20
      expect(row.entry).toBe(isEntry ? best.entry : null)
      expect(row.confidence).toBe(best?.confidence ?? 0)
      expect(row.candidates.map(({ confidence }) => confidence)).toEqual(
        row.candidates.map(({ confidence }) => confidence).sort((left, right) => right - left),
      )
      expect(new Set(row.candidates.map(({ entry }) => entry)).size).toBe(row.candidates.length)
      expect(row.code).toBe(row.codes[0] ?? null)
      if (best !== undefined && best.confidence < 0.85) expect(best.missing).not.toEqual([])
    }
  })

  it('hold: another application is never roaming, and a sync service always is', () => {
    const requests = rows.filter((row) => row.provider === AAD && Object.keys(row.data).length > 0)
    const of = (mark: string) => requests.filter((row) => Object.values(row.data).some((text) => text.includes(mark)))
    expect(of('outlook').length).toBeGreaterThan(50)
    for (const row of of('outlook')) expect(row.scope).toBe('other')
    for (const row of of(SYNC)) expect(row.scope).toBe('roaming')
  })

  it('hold: R14 and R15 never have a candidate, and R14 has a category', () => {
    for (const row of rows) {
      if (row.rule === 'R14') expect(row.category).not.toBeNull()
      if (row.rule === 'R14' || row.rule === 'R15') expect(row.candidates).toEqual([])
    }
  })
})

describe('wording', () => {
  it('decides nothing: other words around the same codes give the same verdict', () => {
    const words = [
      '',
      'throttled, try after 300 seconds',
      'account disabled',
      'Das Konto ist deaktiviert.',
      '認証に失敗しました',
      'success',
    ]
    for (const { provider, fact } of events) {
      if (fact.text_fields.length === 0) continue
      const verdicts = words.map((word) => {
        const data = Object.fromEntries(fact.text_fields.map((name) => [name, `${word} 0x80070520 ${word}`]))
        const { sync_engine, scope, outcome, code, category, entry, candidates, rule } = rowOf({
          provider: provider.name,
          event_id: fact.event_id,
          data,
          message: word,
        })
        return JSON.stringify({ sync_engine, scope, outcome, code, category, entry, candidates, rule })
      })
      expect(new Set(verdicts).size, `${provider.name} ${fact.event_id}`).toBe(1)
    }
  })
})
