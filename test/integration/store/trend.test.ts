import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GROUP_COLUMNS, INTERVALS, MEASURES, type TrendQuery } from '../../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { eventRow } from '../../support/classified-event.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import { createRandom } from '../../support/seeded-random.ts'

const RANGE = { from: '2026-10-24T00:00:00Z', to: '2026-10-28T00:00:00Z' }

describe.skipIf(!hasEngine())('trends', () => {
  let test: TestStore
  const rows = randomRows(1500)
  beforeAll(async () => {
    test = await createTestStore()
    await test.admin.command({ query: `SYSTEM STOP MERGES ${test.database}._events` })
    for (let start = 0; start < rows.length; start += 250) await test.store.insertEvents(rows.slice(start, start + 250))
  })
  afterAll(async () => {
    await test.remove()
    await stopTestEngine()
  })
  const ask = (query: Partial<TrendQuery>) =>
    test.store.trend({
      tenant: 'default',
      measure: 'events',
      interval: '6h',
      groupBy: [],
      filters: [],
      ...RANGE,
      ...query,
    })

  it.each(MEASURES)(
    'of %s equal a count of the distinct rows, duplicates, late and judged-again ones included',
    async (measure) => {
      for (const interval of INTERVALS) {
        for (const groupBy of [[], ['entry'], ['scope', 'outcome', 'entry'], ['level', 'user']] as const) {
          const query = { measure, interval, groupBy }
          expect(flatten(await ask(query)), JSON.stringify(query)).toEqual(countedByHand(rows, { ...query, ...RANGE }))
        }
      }
    },
  )

  it('can be grouped by every column that they offer', async () => {
    for (const column of GROUP_COLUMNS) {
      const trend = await ask({ groupBy: [column] })
      expect(trend.total, column).toBe(
        countedByHand(rows, { measure: 'events', interval: '6h', groupBy: [], ...RANGE }).get('total'),
      )
      expect(
        trend.series.every(({ group }) => column in group),
        column,
      ).toBe(true)
    }
  })

  it('fill every interval, also without any event', async () => {
    const trend = await ask({ tenant: 'nobody', interval: '1h' })
    expect(trend.series).toHaveLength(1)
    expect(trend.series[0]?.points).toHaveLength(96)
    expect(trend).toMatchObject({ total: 0, fresh_at: null })
    expect(await ask({ tenant: 'nobody', groupBy: ['entry'] })).toMatchObject({ series: [], total: 0 })
  })

  it('count failures of the sync only, unless a scope filter says otherwise', async () => {
    const failures = await ask({ measure: 'failures', groupBy: ['scope'] })
    expect(failures.series.map(({ group }) => group['scope'])).toEqual(['roaming'])
    const identity = await ask({
      measure: 'failures',
      groupBy: ['scope'],
      filters: [{ column: 'scope', values: ['identity'], not: false }],
    })
    expect(identity.series.map(({ group }) => group['scope'])).toEqual(['identity'])
    expect(identity.total).toBeGreaterThan(0)
  })

  it('cut the range at fractions of a second', async () => {
    await test.store.insertEvents([eventRow('edge', { tenant: 'edge', occurred_at: '2026-10-25T10:00:00.5000000Z' })])
    const total = async (from: string, to: string) => (await ask({ tenant: 'edge', interval: '1h', from, to })).total
    expect(await total('2026-10-25T10:00:00.5Z', '2026-10-25T11:00:00Z')).toBe(1)
    expect(await total('2026-10-25T10:00:00.5000001Z', '2026-10-25T11:00:00Z')).toBe(0)
    expect(await total('2026-10-25T09:00:00Z', '2026-10-25T10:00:00.5Z')).toBe(0)
    expect(await total('2026-10-25T09:00:00Z', '2026-10-25T10:00:00.5000001Z')).toBe(1)
  })

  it.each([
    // Clocks went back on 25 October 2026 in Berlin: that day has 25 hours.
    [
      'Europe/Berlin',
      '1d',
      RANGE,
      [
        '2026-10-23T22:00:00Z',
        '2026-10-24T22:00:00Z',
        '2026-10-25T23:00:00Z',
        '2026-10-26T23:00:00Z',
        '2026-10-27T23:00:00Z',
      ],
    ],
    ['Europe/Berlin', '1w', RANGE, ['2026-10-18T22:00:00Z', '2026-10-25T23:00:00Z']],
    [
      'Asia/Kolkata',
      '1d',
      RANGE,
      [
        '2026-10-23T18:30:00Z',
        '2026-10-24T18:30:00Z',
        '2026-10-25T18:30:00Z',
        '2026-10-26T18:30:00Z',
        '2026-10-27T18:30:00Z',
      ],
    ],
    // Midnight of 6 September 2026 does not exist in Santiago.
    [
      'America/Santiago',
      '1d',
      { from: '2026-09-05T04:00:00Z', to: '2026-09-08T03:00:00Z' },
      ['2026-09-05T04:00:00Z', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
    ],
    // The quarter in which clocks go back has seven hours, the one in which they go forward five.
    [
      'Europe/Berlin',
      '6h',
      { from: '2026-10-24T23:00:00Z', to: '2026-10-25T12:00:00Z' },
      ['2026-10-24T22:00:00Z', '2026-10-25T05:00:00Z', '2026-10-25T11:00:00Z'],
    ],
    [
      'Europe/Berlin',
      '6h',
      { from: '2026-03-28T20:00:00Z', to: '2026-03-29T09:00:00Z' },
      ['2026-03-28T17:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T04:00:00Z'],
    ],
    [
      'America/Santiago',
      '6h',
      { from: '2026-04-05T00:00:00Z', to: '2026-04-05T05:00:00Z' },
      ['2026-04-04T21:00:00Z', '2026-04-05T04:00:00Z'],
    ],
    [
      'Australia/Lord_Howe',
      '1h',
      { from: '2026-04-04T14:00:00Z', to: '2026-04-04T16:30:00Z' },
      ['2026-04-04T14:00:00Z', '2026-04-04T15:00:00Z', '2026-04-04T15:30:00Z'],
    ],
    ['UTC', '1w', RANGE, ['2026-10-19T00:00:00Z', '2026-10-26T00:00:00Z']],
  ] as const)('of %s by %s begin where its days begin', async (timeZone, interval, range, starts) => {
    const tenant = `${timeZone} ${interval}`
    // One event in the first and one in the last second of every interval.
    const instants = starts.flatMap((start) => [Date.parse(start) - 1000, Date.parse(start)])
    await test.store.insertEvents(
      instants.map((at) =>
        eventRow(`${tenant} ${at}`, { tenant, occurred_at: `${new Date(at).toISOString().slice(0, 19)}.0000000Z` }),
      ),
    )
    const trend = await ask({ tenant, timeZone, interval, ...range })
    expect(trend.series[0]?.points.map(([start]) => start)).toEqual(starts)
    const expected = starts.map((start, index) => {
      const end = Date.parse(starts[index + 1] ?? '2100-01-01')
      const inside = (at: number) =>
        at >= Math.max(Date.parse(start), Date.parse(range.from)) && at < Math.min(end, Date.parse(range.to))
      return instants.filter(inside).length
    })
    expect(trend.series[0]?.points.map(([, n]) => n)).toEqual(expected)
  })

  it.each([
    [{ timeZone: 'Mars/Olympus' }],
    [{ timeZone: "UTC'); DROP TABLE x" }],
    [{ from: RANGE.to, to: RANGE.from }],
    [{ from: RANGE.from, to: RANGE.from }],
    [{ from: 'x' }],
    [{ interval: '1h', from: '1990-01-01T00:00:00Z' }],
  ] as const)('refuse %j', async (query) => {
    await expect(ask(query)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  it('equal the hourly view that SQL reads', async () => {
    let text = ''
    const sql = "SELECT sum(events), sum(failures) FROM trends_hourly WHERE tenant = 'default'"
    for await (const chunk of await test.store.runSql(sql, 'csv')) text += Buffer.from(chunk).toString()
    const all = { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z', interval: '1w' } as const
    const totals = [(await ask(all)).total, (await ask({ ...all, measure: 'failures' })).total]
    expect(text.split('\n')[1]).toBe(totals.join(','))
  })
})

type Slots = Map<string, number>

function flatten(trend: Awaited<ReturnType<TestStore['store']['trend']>>): Slots {
  const slots: Slots = new Map([['total', trend.total]])
  for (const { group, points, total } of trend.series) {
    const name = trend.group_by.map((column) => String(group[column])).join('|')
    if (total > 0) slots.set(`${name} total`, total)
    for (const [start, n] of points) if (n > 0) slots.set(`${name} ${start}`, n)
  }
  return slots
}

type HandQuery = Pick<TrendQuery, 'measure' | 'interval' | 'groupBy' | 'from' | 'to'>

/** The same numbers in the plainest way: the best copy of each key, then sets. */
function countedByHand(all: readonly ClassifiedEvent[], query: HandQuery): Slots {
  const best = new Map<string, ClassifiedEvent>()
  for (const row of all) {
    const other = best.get(row.event_key)
    if (other === undefined || BigInt(row.revision) > BigInt(other.revision)) best.set(row.event_key, row)
  }
  const seen = new Map<string, Set<string>>()
  const add = (slot: string, what: string) => seen.set(slot, (seen.get(slot) ?? new Set()).add(what))
  for (const row of best.values()) {
    if (row.occurred_at < query.from || row.occurred_at >= query.to) continue
    if (query.measure === 'failures' && !(row.outcome === 'failure' && row.scope === 'roaming')) continue
    const what =
      query.measure === 'devices' ? row.device : query.measure === 'users' ? (row.user_sid ?? row.user) : row.event_key
    if (what === null) continue
    const name = query.groupBy.map((column) => String(row[column])).join('|')
    add('total', what)
    add(`${name} total`, what)
    add(`${name} ${startOf(row.occurred_at, query.interval)}`, what)
  }
  return new Map([['total', 0], ...[...seen].map(([slot, set]) => [slot, set.size] as const)])
}

function startOf(time: string, interval: TrendQuery['interval']): string {
  const hours = { '1h': 1, '6h': 6, '1d': 24, '1w': 168 }[interval]
  const width = hours * 3_600_000
  const monday = interval === '1w' ? 4 * 86_400_000 : 0
  const start = Math.floor((Date.parse(time) - monday) / width) * width + monday
  return `${new Date(start).toISOString().slice(0, 19)}Z`
}

function randomRows(count: number): ClassifiedEvent[] {
  const random = createRandom(11)
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!
  return Array.from({ length: count }, (_, number) => {
    const name = number % 3 === 2 ? Math.floor(random() * number) : number
    const second = new Date(Date.parse('2026-10-23T12:00:00Z') + ((name * 7919) % 432_000) * 1000)
      .toISOString()
      .slice(0, 19)
    return eventRow(`trend ${name}`, {
      occurred_at: `${second}.${String((name * 31) % 10_000_000).padStart(7, '0')}Z`,
      // Some copies are poorer than what is there already.
      revision: String(Math.floor(random() * 1000) * 10_000 + number),
      device: `pc-${Math.floor(random() * 40)}`,
      user_sid: pick([null, 'S-1', 'S-2', 'S-3']),
      user: pick([null, 'ada', 'bob', '']),
      entry: pick([null, 'known-1', 'known-2', 'known-3']),
      scope: pick(['roaming', 'identity', 'other']),
      outcome: pick(['failure', 'success', 'notice']),
      level: pick([null, 0, 2, 4]),
      code: pick([null, '0xCAA5001C', '0x80070005']),
    })
  })
}
