import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventPage, Trend } from '../../../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../../../schemas/classified-event.ts'
import type { Api } from '../../../../services/query-api/api.ts'
import { AWKWARD, SAMPLE_EVENTS } from './sample-events.ts'
import { CATALOG, createJudge, createTestApp } from './test-app.ts'

let app: Api
let judge: Awaited<ReturnType<typeof createJudge>>
beforeAll(async () => {
  app = await createTestApp()
  judge = await createJudge(app)
})
afterAll(() => app.close())

async function keys(query: string): Promise<number[]> {
  const answer = await app.inject(`/v1/events${query}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<EventPage>().events.map(({ event_key }) => Number.parseInt(event_key, 16))
}

describe('GET /v1/events', () => {
  it("gives the tenant's events, newest first, as its schema says", async () => {
    const answer = await app.inject('/v1/events')
    expect(judge('/v1/events', answer)).toEqual([])
    expect(await keys('')).toEqual([125, 62, 61, 1, 0])
  })

  it('gives every value exactly as it is stored', async () => {
    const answer = await app.inject('/v1/events?record_id=18446744073709551615')
    const expected = SAMPLE_EVENTS.find(({ record_id }) => record_id === AWKWARD.record_id)
    expect(answer.json<EventPage>().events).toStrictEqual([expected])
    expect(judge('/v1/events', answer)).toEqual([])
  })

  it('pages without repeating or leaving out', async () => {
    const seen: string[] = []
    let query = '?limit=2'
    for (let pages = 0; pages < 10; pages++) {
      const page = (await app.inject(`/v1/events${query}`)).json<EventPage>()
      seen.push(...page.events.map(({ event_key }) => event_key))
      if (page.next === null) break
      query = `?limit=2&cursor=${encodeURIComponent(page.next)}`
    }
    expect(seen.map((key) => Number.parseInt(key, 16))).toEqual([125, 62, 61, 1, 0])
  })

  it.each([
    ['?outcome=success', [1]],
    ['?not.outcome=success', [125, 62, 61, 0]],
    ['?event_id=1097&event_id=1098&level=3', [125]],
    ['?entry=', [62, 61, 1]],
    ['?not.entry=', [125, 0]],
    ['?entry=&entry=known-1098-0xcaa5001c', [125, 62, 61, 1, 0]],
    ['?entry', [62, 61, 1]],
    ['?code=2147942405', [61]],
    ['?code=-2147024891', [61]],
    ['?code=80070005&code=0xcaa5001c', [125, 61, 0]],
    ['?computer=DEVICE-02.contoso.example', [1]],
    ['?device=device-01&scope=identity', [61]],
    ['?device=nowhere', []],
    ['?keywords=0x4000000000000012&event_key=0000000000000000000000000000003D', [61]],
    ['?activity_id={0B2F6D0E-5A51-4D3C-9A0C-6F6F3F1F2A10}&level=3', [125]],
    ['?record_id=00125', [125]],
    ['?os_build=', [125]],
    ["?device=' OR 1=1 --", []],
    ["?message=%5C'%29%3B%20DROP%20TABLE%20events%3B--", []],
    ['?from=2026-11-01T01:00:00Z', [125, 62, 61]],
    ['?from=2026-11-01T01:01:00Z&to=2026-11-01T01:02:00Z', [61]],
    ['?from=2026-11-01T03:01:00%2B02:00&to=2026-11-01T01:01:00.0000001Z', [61]],
    ['?to=2026-11-01', []],
    ['?limit=1', [125]],
    ['?device=device%2D01&%6Cimit=1', [125]],
  ])('%s', async (query, expected) => {
    expect(await keys(query)).toEqual(expected)
  })
})

describe('GET /v1/events/{event_key}', () => {
  const path = '/v1/events/{event_key}'

  it('gives the event, in either case of the key', async () => {
    const answer = await app.inject('/v1/events/0000000000000000000000000000003D')
    expect(judge(path, answer)).toEqual([])
    expect(answer.json<ClassifiedEvent>()).toStrictEqual(SAMPLE_EVENTS[2])
  })

  it("does not give another tenant's", async () => {
    const answer = await app.inject(`/v1/events/${SAMPLE_EVENTS[5]?.event_key ?? ''}`)
    expect(answer.statusCode).toBe(404)
    expect(judge(path, answer)).toEqual([])
    expect(answer.json()).toMatchObject({ code: 'NOT_FOUND', status: 404 })
  })
})

describe('GET /v1/trends', () => {
  async function trend(query: string): Promise<Trend> {
    const answer = await app.inject(`/v1/trends${query}`)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(judge('/v1/trends', answer)).toEqual([])
    return answer.json<Trend>()
  }

  it('counts the last seven days by hour, the hour under way included, when nothing is asked', async () => {
    const { from, to, measure, interval, group_by, series, total } = await trend('')
    expect({ from, to, measure, interval, group_by, total }).toEqual({
      from: '2026-10-25T03:00:00Z',
      to: '2026-11-01T03:00:00Z',
      measure: 'events',
      interval: '1h',
      group_by: [],
      total: 5,
    })
    expect(series[0]?.points).toHaveLength(168)
    expect(series[0]?.points.slice(-3)).toEqual([
      ['2026-11-01T00:00:00Z', 2],
      ['2026-11-01T01:00:00Z', 2],
      ['2026-11-01T02:00:00Z', 1],
    ])
  })

  it('groups, keeping null apart from every text', async () => {
    const { series } = await trend('?group_by=entry,outcome&interval=1d&from=2026-11-01&to=2026-11-02')
    expect(series.map(({ group, total }) => [group['entry'], group['outcome'], total])).toEqual([
      ['known-1098-0xcaa5001c', 'failure', 2],
      [null, 'failure', 2],
      [null, 'success', 1],
    ])
  })

  it('has one series of zeros when nothing matches and nothing is grouped, and none when it is', async () => {
    const { series, total, fresh_at } = await trend('?device=nowhere&from=2026-11-01&to=2026-11-02&interval=6h')
    expect(series.map((each) => each.points.map(([, count]) => count))).toEqual([[0, 0, 0, 0]])
    expect([total, fresh_at]).toEqual([0, null])
    expect((await trend('?device=nowhere&group_by=entry')).series).toEqual([])
  })

  it('counts failures of roaming only, unless a scope is asked for', async () => {
    expect((await trend('?measure=failures')).total).toBe(3)
    expect((await trend('?measure=failures&scope=identity')).total).toBe(1)
  })

  it('hands the zone to the store under its own name', async () => {
    const { series } = await trend(
      '?interval=1d&time_zone=europe/amsterdam&from=2026-10-31T22:00:00Z&to=2026-11-01T02:00:00Z',
    )
    expect(series[0]?.points).toEqual([
      ['2026-10-30T23:00:00Z', 0],
      ['2026-10-31T23:00:00Z', 4],
    ])
  })
})

describe('GET /v1/catalog', () => {
  type List = { version: number; entries: { id: string; kind: string; status: string; engines: string[] }[] }
  const list = async (query: string) => {
    const answer = await app.inject(`/v1/catalog${query}`)
    expect(judge('/v1/catalog', answer)).toEqual([])
    return answer.json<List>()
  }

  it('gives every entry, as its schema says', async () => {
    const { entries, version } = await list('')
    expect(entries).toStrictEqual([...CATALOG.entries.values()])
    expect(version).toBe(CATALOG.version)
  })

  it('narrows by each filter, and all must hold', async () => {
    const known = (await list('?kind=known-issue&kind=possible-issue')).entries
    expect(new Set(known.map(({ kind }) => kind))).toEqual(new Set(['known-issue', 'possible-issue']))
    expect((await list('?engine=cloudstore')).entries.every(({ engines }) => engines.includes('cloudstore'))).toBe(true)
    expect((await list('?status=legacy')).entries.every(({ status }) => status === 'legacy')).toBe(true)
    const [first] = CATALOG.entries.values()
    const words = encodeURIComponent(first?.title.toUpperCase() ?? '')
    expect((await list(`?q=${words}&category=${first?.category ?? ''}`)).entries.map(({ id }) => id)).toContain(
      first?.id,
    )
    expect((await list('?q=no-such-word-anywhere')).entries).toEqual([])
  })

  it('gives each entry by its id with its codes and sources', async () => {
    for (const id of CATALOG.entries.keys()) {
      const answer = await app.inject(`/v1/catalog/${id}`)
      expect(judge('/v1/catalog/{id}', answer), id).toEqual([])
      expect(answer.json()).toMatchObject({ entry: { id } })
    }
    const answer = await app.inject('/v1/catalog/known-1098-0xcaa5001c')
    expect(answer.json<{ codes: { code: string }[] }>().codes.map(({ code }) => code)).toContain('0xCAA5001C')
  })

  it('names the nearest entry for a mistyped one', async () => {
    const answer = await app.inject('/v1/catalog/known-1098-0xcaa5001d')
    expect(answer.statusCode).toBe(404)
    expect(judge('/v1/catalog/{id}', answer)).toEqual([])
    expect(answer.json<{ detail: string }>().detail).toContain('did you mean known-1098-0xcaa5001c?')
  })
})

describe('GET /v1/codes/{code}', () => {
  const path = '/v1/codes/{code}'
  const ask = (text: string) => app.inject(`/v1/codes/${encodeURIComponent(text)}`)

  it.each(['0xCAA5001C', '0xcaa5001c', 'caa5001c', '-895156196', '3399811100', ' 0xCAA5001C '])(
    '%j is one code',
    async (text) => {
      const answer = await ask(text)
      expect(judge(path, answer)).toEqual([])
      expect(answer.json()).toMatchObject({ query: text.trim(), code: { code: '0xCAA5001C' } })
    },
  )

  it('explains every code of the catalog as the schema says', async () => {
    for (const code of CATALOG.codes.keys()) expect(judge(path, await ask(code)), code).toEqual([])
  })

  it('takes a pair, with both slashes and brackets', async () => {
    const answer = await ask('FAIL [0x801c0021/0x80072ee2]')
    expect(judge(path, answer)).toEqual([])
    expect(answer.json()).toMatchObject({ code: { code: '0x801C0021' }, others: [{ code: '0x80072EE2' }] })
  })

  it.each(['0', '1', '0xDEADBEEF', 'AADSTS99999', '-1', '4294967295', '0xC00484B2', '0x8019019A'])(
    'explains %s by rule even where the catalog lacks it',
    async (text) => expect(judge(path, await ask(text))).toEqual([]),
  )

  it.each(['nonsense', '4294967296', '\0', '../../etc/passwd', '__proto__', 'constructor', 'x'.repeat(1900)])(
    'refuses %j',
    async (text) => {
      const answer = await ask(text)
      expect(answer.statusCode).toBe(404)
      expect(judge(path, answer)).toEqual([])
    },
  )

  it('points to the catalog when asked for an entry', async () => {
    const answer = await ask('known-1098-0xcaa5001c')
    expect(answer.statusCode).toBe(404)
    expect(answer.json<{ detail: string }>().detail).toContain('/v1/catalog/known-1098-0xcaa5001c')
  })
})
