import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FILTER_COLUMNS, type EventQuery, type Filter } from '../../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { eventRow, keyOf } from '../../support/classified-event.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import { createMemoryReader } from '../../support/memory-reader.ts'
import { createRandom } from '../../support/seeded-random.ts'

const HOSTILE = [
  "' OR 1=1 --",
  "\\'; DROP TABLE _events; --",
  '{tenant: String}',
  '%',
  '\u0000',
  '\t\n',
  '`',
  '$$',
  '😀',
  '1); SELECT 1',
  '\\N',
  '[]',
  '\\',
]

describe.skipIf(!hasEngine())('reading events', () => {
  let test: TestStore
  const rows = randomRows(600)
  beforeAll(async () => {
    test = await createTestStore()
    // Poorer and richer copies come apart and mixed, so that parts overlap.
    await test.admin.command({ query: `SYSTEM STOP MERGES ${test.database}._events` })
    for (let start = 0; start < rows.length; start += 150) await test.store.insertEvents(rows.slice(start, start + 150))
    await test.store.insertEvents(
      HOSTILE.map((user, index) => eventRow(`hostile ${index}`, { tenant: 'hostile', user })),
    )
  })
  afterAll(async () => {
    await test.remove()
    await stopTestEngine()
  })
  const keys = async (query: Partial<EventQuery>) => {
    const page = await test.store.events({ tenant: 'default', filters: [], limit: 1000, ...query })
    return page.events.map(({ event_key }) => event_key)
  }

  it('agrees with a plain reading of the same rows for every column, value and negation', async () => {
    const memory = createMemoryReader(rows)
    for (const column of FILTER_COLUMNS) {
      const values = [...new Set(rows.map((row) => row[column]))]
        .slice(0, 3)
        .map((value) => (value === null ? null : String(value)))
      for (const filter of [
        { column, values, not: false },
        { column, values: values.slice(0, 1), not: true },
        { column, values: [null], not: true },
        { column, values: [null], not: false },
      ] satisfies Filter[]) {
        const expected = await memory.events({ tenant: 'default', filters: [filter], limit: 1000 })
        expect(await keys({ filters: [filter] }), JSON.stringify(filter)).toEqual(
          expected.events.map(({ event_key }) => event_key),
        )
      }
    }
  })

  it('judges the copy that readers see, never one that it replaces', async () => {
    await test.store.insertEvents([
      eventRow('verdict', { tenant: 'verdict', entry: 'old', occurred_at: '2026-11-02T10:20:30.1234567Z' }),
    ])
    await test.store.insertEvents([
      eventRow('verdict', {
        tenant: 'verdict',
        entry: 'new',
        revision: '2',
        occurred_at: '2026-11-02T10:20:30.1230000Z',
      }),
    ])
    const by = (entry: string) =>
      keys({ tenant: 'verdict', filters: [{ column: 'entry', values: [entry], not: false }] })
    expect(await by('old')).toEqual([])
    expect(await by('new')).toEqual([keyOf('verdict')])
    // The better copy kept fewer digits and lies before `from`, though the one it replaced lies after.
    expect(await keys({ tenant: 'verdict', from: '2026-11-02T10:20:30.1232Z' })).toEqual([])
    expect(await keys({ tenant: 'verdict', to: '2026-11-02T10:20:30.1232Z' })).toEqual([keyOf('verdict')])
  })

  it('pages through everything once, newest first, while other rows arrive', async () => {
    const seen: ClassifiedEvent[] = []
    let cursor: string | undefined
    do {
      const page = await test.store.events({
        tenant: 'default',
        filters: [],
        limit: 37,
        ...(cursor === undefined ? {} : { cursor }),
      })
      seen.push(...page.events)
      cursor = page.next ?? undefined
      await test.store.insertEvents([
        eventRow(`arrives ${seen.length}`, { occurred_at: '2026-11-30T00:00:00.0000000Z' }),
      ])
    } while (cursor !== undefined)
    const expected = (await createMemoryReader(rows).events({ tenant: 'default', filters: [], limit: 1000 })).events
    expect(seen.map(({ event_key }) => event_key)).toEqual(expected.map(({ event_key }) => event_key))
  })

  it('treats hostile text in a filter as a value', async () => {
    for (const [index, user] of HOSTILE.entries()) {
      expect(
        await keys({ tenant: 'hostile', filters: [{ column: 'user', values: [user], not: false }] }),
        user,
      ).toEqual([keyOf(`hostile ${index}`)])
    }
    for (const column of FILTER_COLUMNS) {
      const answer = keys({ tenant: 'hostile', filters: [{ column, values: ["x' OR '1'='1"], not: false }] })
      await answer.then(
        (found) => expect(found).toEqual([]),
        (error: unknown) => expect(error).toMatchObject({ code: 'REQUEST_INVALID' }),
      )
    }
    expect(await keys({ tenant: "' OR 1=1 --" })).toEqual([])
    expect(await test.store.event("' OR 1=1 --", keyOf('hostile 1'))).toBeUndefined()
    expect(await test.store.event('hostile', "' OR 1=1 --")).toBeUndefined()
  })

  it.each([
    '',
    'x',
    Buffer.from("2026-11-02T10:20:30Z ' OR 1").toString('base64url'),
    Buffer.from('never 00').toString('base64url'),
  ])('refuses the cursor %j', async (cursor) => {
    await expect(keys({ cursor })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  it('refuses a time that is none', async () => {
    await expect(keys({ from: 'yesterday' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    await expect(keys({ to: '2026-13-01T00:00:00Z' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  it('keeps tenants apart', async () => {
    await test.store.insertEvents([eventRow('of a', { tenant: 'a' }), eventRow('of b', { tenant: 'b' })])
    expect(await keys({ tenant: 'a' })).toEqual([keyOf('of a')])
    expect(await test.store.event('b', keyOf('of a'))).toBeUndefined()
    expect(await keys({ tenant: 'nobody' })).toEqual([])
  })

  it('gives up on a question that takes too long', async () => {
    const impatient = await createTestStore({ maxQuerySeconds: 0.000001 })
    const many = Array.from({ length: 20_000 }, (_, index) => eventRow(`slow ${index}`))
    await impatient.store.insertEvents(many)
    const trend = {
      tenant: 'default',
      measure: 'events',
      interval: '1h',
      groupBy: ['computer', 'user'],
      filters: [],
    } as const
    const answer = impatient.store.trend({ ...trend, from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' })
    await expect(answer).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
    await impatient.remove()
  })
})

function randomRows(count: number): ClassifiedEvent[] {
  const random = createRandom(42)
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!
  return Array.from({ length: count }, (_, number) => {
    const name = number % 4 === 3 ? Math.floor(random() * number) : number
    return eventRow(name, {
      ...fixedPart(name),
      revision: String(number + 1),
      user: pick([null, 'CONTOSO\\ada', 'CONTOSO\\bob']),
      entry: pick([null, 'known-1', 'known-2']),
      code: pick([null, '0xCAA5001C', '0x80070005']),
      scope: pick(['roaming', 'identity', 'other']),
      outcome: pick(['failure', 'success', 'notice']),
      level: pick([null, 0, 2, 4]),
      aadsts: pick([null, 50076, 700016]),
      os_build: pick([null, 19045, 22631]),
      shipper: pick(['evtx', 'winlogbeat']),
      message: pick([null, '', 'text']),
    })
  })
}

/** What all copies of one event share. */
function fixedPart(name: number) {
  const second = new Date(Date.parse('2026-11-02T00:00:00Z') + Math.floor(name / 3) * 1_700_000)
    .toISOString()
    .slice(0, 19)
  return {
    occurred_at: `${second}.${String((name * 7919) % 10_000_000).padStart(7, '0')}Z`,
    record_id: name % 5 === 0 ? null : String(2n ** 64n - 1n - BigInt(name)),
  }
}
