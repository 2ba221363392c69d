import { describe, expect, it } from 'vitest'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'
import { rowOf } from './a-pipeline.ts'

const SYNC = 'https://syncservice.windows.net/*'

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
