/** The API over the real ClickHouse engine gives what it gives over the plain reader: every filter, page and trend. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FILTER_COLUMNS,
  type EventPage,
  GROUP_COLUMNS,
  INTERVALS,
  MEASURES,
  type Trend,
} from '../../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import type { Api } from '../../../services/query-api/api.ts'
import { createTestStore, hasEngine, type TestStore } from '../../support/clickhouse.ts'
import { createMemoryReader } from '../../support/memory-reader.ts'
import { AWKWARD, sampleEvent, SAMPLE_EVENTS } from '../../unit/services/query-api/sample-events.ts'
import { createJudge, createTestApp } from '../../unit/services/query-api/test-app.ts'

/** Five days of events on eleven devices, ordered by nothing, with repeats of a key in a richer and a poorer copy. */
function manyEvents(): ClassifiedEvent[] {
  const rows = Array.from({ length: 400 }, (_, number): ClassifiedEvent => {
    const at = new Date(Date.UTC(2026, 9, 24) + ((number * 7919) % 7200) * 60_000)
    const isFailure = number % 3 !== 0
    return sampleEvent(number + 1000, {
      occurred_at: `${at.toISOString().slice(0, 19)}.${String((number * 1234567) % 10_000_000).padStart(7, '0')}Z`,
      device: `device-${number % 11}`,
      computer: `device-${number % 11}.contoso.example`,
      outcome: isFailure ? 'failure' : 'success',
      scope: number % 5 === 0 ? 'identity' : 'roaming',
      entry: isFailure && number % 2 === 0 ? 'known-1098-0xcaa5001c' : null,
      code: isFailure ? (number % 4 === 0 ? '0x80070005' : '0xCAA5001C') : null,
      level: number % 7 === 0 ? null : (number % 4) + 1,
      user_sid: number % 6 === 0 ? null : `S-1-5-21-1-2-3-${number % 13}`,
      user: number % 6 === 0 && number % 4 === 0 ? `CONTOSO\\user-${number % 3}` : null,
      os_build: number % 8 === 0 ? null : 22_631 + (number % 3),
      ...(number % 50 === 0 ? AWKWARD : {}),
    })
  })
  const poorer = rows
    .slice(0, 40)
    .map((row): ClassifiedEvent => ({ ...row, outcome: 'notice', message: null, revision: '1' }))
  return [...rows, ...poorer, ...SAMPLE_EVENTS]
}

describe.skipIf(!hasEngine())('the API over the real engine', () => {
  const rows = manyEvents()
  let testStore: TestStore
  let real: Api
  let plain: Api
  let judge: Awaited<ReturnType<typeof createJudge>>

  beforeAll(async () => {
    testStore = await createTestStore()
    await testStore.store.insertEvents(rows)
    real = await createTestApp({ reader: testStore.store })
    plain = await createTestApp({ reader: createMemoryReader(rows) })
    judge = await createJudge(real)
  })
  afterAll(async () => {
    await real?.close()
    await plain?.close()
    await testStore?.remove()
  })

  /** The store says itself when it stored a row; everything else must be equal. */
  const withoutStored = (event: ClassifiedEvent) => ({ ...event, stored_at: null })

  async function ask<T>(app: Api, path: string, query: string): Promise<T> {
    const answer = await app.inject(`${path}${query}`)
    expect(answer.statusCode, `${path}${query}: ${answer.body}`).toBe(200)
    if (app === real) expect(judge(path, answer), query).toEqual([])
    return answer.json<T>()
  }

  async function expectSameEvents(query: string): Promise<EventPage> {
    const [got, wanted] = await Promise.all([
      ask<EventPage>(real, '/v1/events', query),
      ask<EventPage>(plain, '/v1/events', query),
    ])
    expect(got.events.map(withoutStored), query).toStrictEqual(wanted.events.map(withoutStored))
    expect(got.next === null, query).toBe(wanted.next === null)
    return got
  }

  it('gives every event exactly as it was stored', async () => {
    const page = await expectSameEvents('?limit=1000')
    expect(page.events).toHaveLength(
      new Set(rows.filter(({ tenant }) => tenant === 'default').map(({ event_key }) => event_key)).size,
    )
    expect(page.events.every(({ stored_at }) => stored_at !== null)).toBe(true)
  })

  it('pages through all of them in the same order', async () => {
    const seen: string[] = []
    let query = '?limit=37'
    for (;;) {
      const page = await ask<EventPage>(real, '/v1/events', query)
      seen.push(...page.events.map(({ event_key }) => event_key))
      if (page.next === null) break
      query = `?limit=37&cursor=${encodeURIComponent(page.next)}`
    }
    const all = await ask<EventPage>(plain, '/v1/events', '?limit=1000')
    expect(seen).toEqual(all.events.map(({ event_key }) => event_key))
  })

  it('filters by every column, by each of its values, by null and by their negation', async () => {
    for (const column of FILTER_COLUMNS) {
      const values = [...new Set(rows.map((row) => row[column]))].slice(0, 2)
      for (const value of values) {
        const text = encodeURIComponent(value === null ? '' : String(value))
        await expectSameEvents(`?limit=1000&${column}=${text}`)
        await expectSameEvents(`?limit=1000&not.${column}=${text}`)
      }
    }
  })

  it('combines filters, values and null', async () => {
    const query =
      '?level=&level=3&outcome=failure&not.device=device-3&not.device=device-4&not.user_sid=&from=2026-10-25&to=2026-10-27T12:30:00.5Z'
    expect((await expectSameEvents(query)).events.length).toBeGreaterThan(0)
    await expectSameEvents(`${query}&limit=1`)
    await expectSameEvents(`?limit=1000&message=${encodeURIComponent(AWKWARD.message ?? '')}`)
    for (const evil of [
      "' OR 1=1 --",
      "\\' OR 1=1 --",
      '{tenant: String}',
      "'); DROP TABLE _events; --",
      '\u{1F4A5}',
      '%',
      '\\N',
      '\\0',
      '\t',
    ]) {
      expect((await expectSameEvents(`?device=${encodeURIComponent(evil)}`)).events).toEqual([])
      await expectSameEvents(`?limit=1000&not.device=${encodeURIComponent(evil)}`)
    }
  })

  it('finds one event by its key', async () => {
    for (const row of rows.slice(0, 20)) {
      const [got, wanted] = await Promise.all([real, plain].map((app) => app.inject(`/v1/events/${row.event_key}`)))
      expect(got && judge('/v1/events/{event_key}', got)).toEqual([])
      expect(got && withoutStored(got.json())).toStrictEqual(wanted && withoutStored(wanted.json()))
    }
    expect((await real.inject(`/v1/events/${'f'.repeat(32)}`)).statusCode).toBe(404)
    expect((await real.inject(`/v1/events/${SAMPLE_EVENTS[5]?.event_key ?? ''}`)).statusCode).toBe(404)
  })

  async function expectSameTrend(query: string): Promise<void> {
    const [got, wanted] = await Promise.all([
      ask<Trend>(real, '/v1/trends', query),
      ask<Trend>(plain, '/v1/trends', query),
    ])
    const bySeries = ({ series }: Trend) =>
      new Map(series.map(({ group, points, total }) => [JSON.stringify(group), { points, total }]))
    expect(bySeries(got), query).toEqual(bySeries(wanted))
    expect({ ...got, series: [], fresh_at: null }, query).toEqual({ ...wanted, series: [], fresh_at: null })
    const totals = got.series.map(({ total }) => total)
    expect(totals, query).toEqual([...totals].sort((a, b) => b - a))
  }

  it('counts every measure by every interval, grouped and not', async () => {
    for (const measure of MEASURES) {
      for (const interval of INTERVALS) {
        for (const groupBy of ['', 'entry', 'outcome,level', 'device,os_build,code,user_sid']) {
          await expectSameTrend(`?measure=${measure}&interval=${interval}&group_by=${groupBy}`)
        }
      }
    }
  })

  it('groups by every column', async () => {
    for (const column of GROUP_COLUMNS) await expectSameTrend(`?interval=1d&group_by=${column}`)
  })

  it('follows the wall clock of a zone across a change of clocks, and odd ranges', async () => {
    for (const zone of ['Europe/Amsterdam', 'America/New_York', 'UTC', 'Etc/GMT%2B5', 'Asia/Kathmandu']) {
      for (const interval of INTERVALS) {
        await expectSameTrend(
          `?interval=${interval}&time_zone=${zone}&from=2026-10-24T07:00:00Z&to=2026-11-01T18:00:00Z`,
        )
      }
    }
    await expectSameTrend('?from=2026-10-25T00:30:00.5Z&to=2026-10-25T05:10:00.25Z&group_by=outcome')
    await expectSameTrend('?measure=failures&scope=identity&not.entry=&interval=6h')
    await expectSameTrend('?device=nowhere')
    await expectSameTrend('?device=nowhere&group_by=entry')
  })

  it.each([
    'AAAA',
    'null',
    '-',
    Buffer.from('2026-11-01T00:00:00Z x').toString('base64url'),
    Buffer.from("' OR 1=1").toString('base64url'),
  ])('refuses the cursor %s that it did not give', async (cursor) => {
    const answer = await real.inject(`/v1/events?cursor=${cursor}`)
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'REQUEST_INVALID'])
  })

  it('is ready while the engine runs', async () => {
    expect((await real.inject('/readyz')).json()).toEqual({
      status: 'ready',
      checks: [{ name: 'store', ok: true, detail: null }],
    })
  })
})
