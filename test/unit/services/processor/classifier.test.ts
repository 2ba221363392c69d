import { describe, expect, it } from 'vitest'
import type { EventFact } from '../../../../schemas/catalog/catalog.ts'
import { formatErrorCode } from '../../../../schemas/catalog/error-code.ts'
import type { ClassifiedEvent } from '../../../../schemas/classified-event.ts'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'
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

describe('whose token it was', () => {
  const scopeOf = (AdditionalInformation: string, more: Record<string, string> = {}) =>
    rowOf({ data: { Error: '3399614476', AdditionalInformation, ...more } }).scope

  it.each([
    ['the sync service', `resource: ${SYNC}, correlation ID (request): x`, 'roaming'],
    ['the sync service, other case', 'RESOURCE: HTTPS://SyncService.Windows.Net/abc', 'roaming'],
    ['the sync service without a path', 'Resource:https://syncservice.windows.net', 'roaming'],
    ['the sync service under an unknown key', 'Ressource « https://syncservice.windows.net/* »', 'roaming'],
    ['a host that begins like it', 'resource: https://syncservice.windows.net.example.com/', 'other'],
    ['a host that ends like it', 'resource: https://notsyncservice.windows.net/', 'other'],
    [
      'another service, though the text names the sync service',
      `${SYNC} resource: https://graph.microsoft.com`,
      'other',
    ],
    [
      'the request at the end, not what the server said before',
      `resource: https://graph.microsoft.com.\r\nresource: ${SYNC}`,
      'roaming',
    ],
    ['nobody', 'to access this resource. Trace ID: x', 'identity'],
    ['nobody: an empty value', 'resource: , correlation ID (request): x', 'identity'],
  ])('%s', (_what, text, scope) => {
    expect(scopeOf(text)).toBe(scope)
  })

  it('is read from a typed field first', () => {
    expect(scopeOf('resource: https://graph.microsoft.com', { Resource: SYNC })).toBe('roaming')
  })
})

describe('single fields of the verdict', () => {
  const azure = (data: Record<string, string>) =>
    rowOf({ provider: 'Microsoft-Windows-SettingSync-Azure', event_id: 5001, data })

  it('a duration that is no number, or too long, is null', () => {
    for (const Duration of ['', '-5', '1.5', 'NaN', '9'.repeat(20), ' 1'])
      expect(azure({ Duration }).duration_ms).toBeNull()
    expect(azure({ Duration: '0' }).duration_ms).toBe(0)
  })

  it('an empty or broken correlation id is null, braces and case do not count', () => {
    const id = '12d0e4f1-7f17-4087-b7d4-026e58338c8e'
    for (const text of ['', 'x', '{12d0e4f1}', `${id}0`])
      expect(azure({ CorrelationId: text }).correlation_id).toBeNull()
    expect(azure({ CorrelationId: `{${id.toUpperCase()}}` }).correlation_id).toBe(id)
  })

  it("the request's own id comes before the server's", () => {
    const text =
      'Correlation ID: 99999999-8888-4777-8666-555544443333 correlation ID (request): 12d0e4f1-7f17-4087-b7d4-026e58338c8e'
    expect(rowOf({ data: { AdditionalInformation: text } }).correlation_id).toBe('12d0e4f1-7f17-4087-b7d4-026e58338c8e')
  })

  it('the level of the manifest counts where the copy says another', () => {
    const of = (level: number | null) => rowOf({ event_id: 1095, level, data: { value: 'x' } }).outcome
    expect([of(2), of(4), of(null)]).toEqual(['failure', 'failure', 'failure'])
  })

  it('an unknown event of a known provider goes by its own level', () => {
    const of = (level: number | null) => rowOf({ event_id: 60001, level }).outcome
    expect([of(1), of(2), of(3), of(4), of(null)]).toEqual(['failure', 'failure', 'notice', 'notice', 'notice'])
  })

  it('codes of a provider that the catalog does not know are not read', () => {
    const row = rowOf({ provider: 'Contoso-App', data: { HRESULT: '2147943731', Message: '0x80070533' } })
    expect(row).toMatchObject({
      sync_engine: 'other',
      scope: 'other',
      code: null,
      category: null,
      rule: null,
      entry: null,
    })
  })

  it('a judgement that is kept is not mixed up with another of the same text in other fields', () => {
    const of = (HasInternetConnection: string, IsRoaming: string) =>
      rowOf({ provider: 'Microsoft-Windows-SettingSync', event_id: 6573, data: { HasInternetConnection, IsRoaming } })
    expect(of('true', 'false').confidence).toBe(0.4)
    expect(of('false', 'true').confidence).toBe(0)
    expect(of('true', 'x').confidence).toBe(0.4)
  })

  it('a judgement is right also after more kinds of evidence than are kept', () => {
    const of = (value: number): WindowsEvent['data'] => ({ WebTokenRequestStatus: String(value), HRESULT: '0' })
    for (let value = 1; value < 20_000; value++) {
      const row = rowOf({ provider: 'Microsoft-Windows-SettingSync-Azure', event_id: 5002, data: of(value) })
      expect(row.outcome).toBe('failure')
      expect(row.rule).toBe(value === 3 ? 'sync-token-needs-interaction' : value < 6 ? 'R14' : null)
    }
  })

  it('an event whose fields hold ten megabytes each is judged', () => {
    const long = 'x'.repeat(10_000_000)
    const row = rowOf({
      data: { Error: long, ErrorMessage: long, AdditionalInformation: `${long} 0xCAA5001C` },
      message: long,
    })
    expect(row.code).toBe('0xCAA5001C')
  })
})
