import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../../../../services/query-api/api.ts'
import { createMemoryReader } from '../../../support/memory-reader.ts'
import { expectProblem } from './expect-problem.ts'
import { sampleEvent } from './sample-events.ts'
import { createJudge, createTestApp } from './test-app.ts'

let app: Api
let judge: Awaited<ReturnType<typeof createJudge>>
beforeAll(async () => {
  app = await createTestApp()
  judge = await createJudge(app)
})
afterAll(() => app.close())

describe('a wrong parameter is refused with its name, what it may be and what it was', () => {
  it.each([
    ['/v1/events?outcom=x', 'there is no parameter "outcom"; did you mean outcome?'],
    ['/v1/events?not.outcom=x', 'there is no parameter "not.outcom"; did you mean not.outcome?'],
    ['/v1/events?event_id[]=1', 'there is no parameter "event_id[]"; did you mean event_id?'],
    ['/v1/events?OUTCOME=failure', 'there is no parameter "OUTCOME"; there are from'],
    ['/v1/events?__proto__=1', 'there is no parameter "__proto__"; there are from'],
    ['/v1/events?constructor=1&toString=2', 'there is no parameter "constructor"'],
    ['/v1/events?__proto__[limit]=1', 'there is no parameter "__proto__[limit]"'],
    ['/v1/events?=1', 'there is no parameter ""'],
    ['/v1/events?outcome=bad', 'outcome must be one of failure, success, notice; it was "bad"'],
    ['/v1/events?outcome=', 'outcome must be one of failure, success, notice; it was ""'],
    ['/v1/events?outcome=failure&outcome=bad', 'outcome must be one of failure, success, notice; it was "bad"'],
    ['/v1/events?transient=perhaps', 'transient must be one of yes, maybe, no, or empty for events without one'],
    ['/v1/events?event_id=65536', 'event_id must be a whole number from 0 to 65535; it was "65536"'],
    ['/v1/events?event_id=1e2', 'event_id must be a whole number'],
    ['/v1/events?event_id=%2D1', 'event_id must be a whole number'],
    ['/v1/events?event_id=%EF%BC%91', 'event_id must be a whole number'],
    ['/v1/events?event_id=', 'event_id must be a whole number from 0 to 65535; it was ""'],
    ['/v1/events?not.level=256', 'not.level must be a whole number from 0 to 255, or empty for events without one'],
    ['/v1/events?record_id=18446744073709551616', 'record_id must be a whole number from 0 to 18446744073709551615'],
    ['/v1/events?event_key=zz', 'event_key must be 32 hex digits; it was "zz"'],
    ['/v1/events?code=hello', 'code must be an error code in any spelling'],
    ['/v1/events?aadsts=AADSTS1', 'aadsts must be a number such as 50076 or AADSTS50076'],
    ['/v1/events?keywords=12', 'keywords must be 0x and up to 16 hex digits'],
    ['/v1/events?activity_id=1', 'activity_id must be a GUID'],
    ['/v1/events?limit=0', 'limit must be a whole number from 1 to 1000; it was "0"'],
    ['/v1/events?limit=1001', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=1.5', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=ten', 'limit must be a whole number from 1 to 1000'],
    ['/v1/events?limit=1&limit=2', 'limit may be given only once'],
    ['/v1/events?cursor=', 'cursor must be the `next` of a page'],
    ["/v1/events?cursor=a'b", 'cursor must be the `next` of a page'],
    ['/v1/events?cursor=AAAA', 'the cursor is not one that was given'],
    ['/v1/events?cursor=a&cursor=b', 'cursor may be given only once'],
    [`/v1/events?${'device=d&'.repeat(101)}`, 'device may be given at most 100 times'],
    ['/v1/events?from=yesterday', 'from must be a time such as 2026-11-01 or 2026-11-01T08:00:00Z; it was "yesterday"'],
    ['/v1/events?from=2026-11-01T08:00:00', 'end it with Z for UTC'],
    ['/v1/events?from=2026-11-01T08:00:00+02:00', 'write + as %2B'],
    ['/v1/events?from=2026-02-30', 'from must be a time'],
    ['/v1/events?from=2026-11-01T24:00:00Z', 'from must be a time'],
    ['/v1/events?from=2026-11-01T23:59:60Z', 'from must be a time'],
    ['/v1/events?from=2026-11-01T00:00:00.12345678Z', 'from must be a time'],
    ['/v1/events?to=2026-11-01T00:00:00%2B15:00', 'to must be a time'],
    ['/v1/events?from=1601-01-01', 'from must be from 1990-01-01T00:00:00Z to 2100-01-01T00:00:00Z'],
    ['/v1/events?to=9999-12-31T23:59:59Z', 'to must be from 1990-01-01T00:00:00Z to 2100-01-01T00:00:00Z'],
    ['/v1/events?from=%2B275760-09-13', 'from must be a time'],
    ['/v1/events?from=0', 'from must be a time'],
    [
      '/v1/events?from=2026-11-02&to=2026-11-01',
      'from (2026-11-02T00:00:00Z) must lie before to (2026-11-01T00:00:00Z)',
    ],
    ['/v1/events?from=2026-11-01T00:00:00.5Z&to=2026-11-01', 'must lie before to'],
    ['/v1/trends?from=2026-11-01&to=2026-11-01', 'must lie before to'],
    ['/v1/trends?from=2026-12-01', 'must lie before to'],
    ['/v1/trends?measure=cats', 'measure must be one of events, failures, devices, users; it was "cats"'],
    ['/v1/trends?interval=5m', 'interval must be one of 1h, 6h, 1d, 1w; it was "5m"'],
    ['/v1/trends?interval=1h&interval=1d', 'interval may be given only once'],
    ['/v1/trends?group_by=entri', 'group_by cannot be "entri"; did you mean entry?'],
    ['/v1/trends?group_by=message', 'group_by cannot be "message"; there are computer'],
    ['/v1/trends?group_by=entry,', 'group_by cannot be ""'],
    ['/v1/trends?group_by=entry,entry', 'group_by names a column twice'],
    ['/v1/trends?group_by=entry,code,level,user,device', 'group_by has 5 columns; at most 4 are taken'],
    ['/v1/trends?group_by=constructor', 'group_by cannot be "constructor"'],
    [
      '/v1/trends?time_zone=Mars/Olympus',
      'time_zone must be an IANA zone such as Europe/Amsterdam; it was "Mars/Olympus"',
    ],
    ['/v1/trends?time_zone=%2B02:00', 'time_zone must be an IANA zone'],
    ["/v1/trends?time_zone=UTC')%20--", 'time_zone must be an IANA zone'],
    ['/v1/trends?time_zone=', 'time_zone must be an IANA zone'],
    [
      '/v1/trends?from=1990-01-01&to=2099-12-31',
      'points; at most 10000 are given. Narrow the range or take a wider interval',
    ],
    ['/v1/trends?limit=1', 'there is no parameter "limit"'],
    ['/v1/catalog?kind=z', 'kind must be one of scope-note'],
    ['/v1/catalog?statu=legacy', 'there is no parameter "statu"; did you mean status?'],
    ['/v1/catalog/x?a=1', 'there is no parameter "a"; this route takes none'],
    ['/v1/codes/1?a=1', 'there is no parameter "a"; this route takes none'],
    ['/healthz?a', 'this route takes none'],
    ['/readyz?a', 'this route takes none'],
    ['/openapi.json?a', 'this route takes none'],
    ['/v1/events/xyz', 'event_key must be 32 hex digits; it was "xyz"'],
    [`/v1/events/${'0'.repeat(32)}?limit=1`, 'this route takes none'],
  ])('%s', async (url, detail) => {
    const answer = await app.inject(url)
    const body = expectProblem(answer)
    expect(body.detail).toContain(detail)
    expect([body.status, body.code]).toEqual([400, 'REQUEST_INVALID'])
    expect(answer.headers['cache-control']).toBe('no-store')
    const path = url.split('?')[0] ?? ''
    expect(
      judge(
        path.replace(/(events|codes|catalog)\/.*/, (_, name: string) => `${name}/{${PARAMETER[name] ?? ''}}`),
        answer,
      ),
    ).toEqual([])
  })
  const PARAMETER: Record<string, string> = { events: 'event_key', codes: 'code', catalog: 'id' }
})

it('a trend of more series than a reader can use is refused', async () => {
  const events = Array.from({ length: 40 }, (_, number) => sampleEvent(number, { device: `device-${number}` }))
  const large = await createTestApp({ reader: createMemoryReader(events) })
  const year = '/v1/trends?group_by=device&from=2026-01-01&to=2026-12-31&interval='
  expect(expectProblem(await large.inject(`${year}1h`)).detail).toContain('the answer would have 40 series; at most 22')
  expect((await large.inject(`${year}1d`)).statusCode).toBe(200)
  await large.close()
})
