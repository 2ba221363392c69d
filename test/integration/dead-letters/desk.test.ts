import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeadLetterPage, ReplayResult, StoredDeadLetter } from '../../../schemas/api/dead-letters.ts'
import type { Api } from '../../../services/query-api/api.ts'
import type { Transport } from '../../../services/transport/transport.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import { createJudge, createTestApp } from '../../unit/services/query-api/test-app.ts'
import { collect, deskOf, directSink, gather, theLetter, zoneless } from './a-desk.ts'

const UNKNOWN = 'f'.repeat(32)

describe.skipIf(!hasEngine())('dead letters on the real engine', () => {
  let test: TestStore
  let sink: Transport
  beforeAll(async () => {
    test = await createTestStore()
    sink = await directSink(test.store)
  })
  afterAll(async () => {
    await sink?.stop()
    await test?.remove()
    await stopTestEngine()
  })
  const desk = () => deskOf(test.store, sink, { time_zone: 'UTC' })
  const keysOf = ({ dead_letters: letters }: DeadLetterPage) => letters.map(({ dead_letter_key: key }) => key)

  it('are discarded with a reason, stay so when seen again, and can still be replayed', async () => {
    const tenant = 'discard'
    await collect(sink, zoneless(1), { tenant })
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    const discarded = await desk().discard(tenant, key, { by: 'ada', reason: 'a test device' })
    expect(discarded).toMatchObject({ state: 'discarded', closed_by: 'ada', discard_reason: 'a test device' })
    await desk().discard(tenant, key, { by: 'bob', reason: 'another reason' })
    await collect(sink, zoneless(1), { tenant })
    expect(await theLetter(test.store, tenant)).toMatchObject({
      state: 'discarded',
      seen: 2,
      closed_by: 'ada',
      discard_reason: 'a test device',
    })
    expect(await gather(desk().replayAll({ tenant }, 'ada'))).toEqual([])
    expect(await desk().replay(tenant, key, 'eve')).toMatchObject({ outcome: 'replayed', stored: 1 })
    expect(await theLetter(test.store, tenant)).toMatchObject({
      state: 'replayed',
      closed_by: 'eve',
      discard_reason: null,
    })
    const after = await desk().discard(tenant, key, { by: 'ada', reason: 'too late' })
    expect(after).toMatchObject({ state: 'replayed' })
    await collect(sink, zoneless(1), { tenant })
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', reopened: true, seen: 3 })
  })

  it('end in the same state whichever of a replay and a discard at the same time is written first', async () => {
    const states = []
    for (const order of ['replay first', 'discard first']) {
      await collect(sink, zoneless(1), { tenant: order })
      const { dead_letter_key } = await theLetter(test.store, order)
      const about = { dead_letter_key, tenant: order, part: 0, parts: 1, covers: 1, version: '0.1.0', detail: '' }
      const rest = { requested_by: 'ada', requested_at: new Date().toISOString() }
      const actions = [
        { ...about, ...rest, attempt: 'a', action: 'stored', reason: '' } as const,
        { ...about, ...rest, attempt: 'discard:1', action: 'discarded', reason: 'why' } as const,
      ]
      for (const action of order === 'replay first' ? actions : actions.toReversed()) {
        await test.store.insertDeadLetterActions([action])
      }
      states.push((await theLetter(test.store, order)).state)
    }
    expect(states).toEqual(['replayed', 'replayed'])
  })

  it('are listed last seen first, page by page, and by state, reason, kind of source and time', async () => {
    const tenant = 'list'
    for (let number = 0; number < 7; number++) await collect(sink, zoneless(number), { tenant })
    await collect(sink, '{"broken', { tenant })
    const all = keysOf(await test.store.deadLetters({ tenant, limit: 100 }))
    expect(all).toHaveLength(8)
    const paged: string[] = []
    let cursor: string | null = null
    do {
      const query = { tenant, limit: 3, ...(cursor === null ? {} : { cursor }) }
      const page: DeadLetterPage = await test.store.deadLetters(query)
      expect(page.dead_letters.length).toBeLessThanOrEqual(3)
      paged.push(...keysOf(page))
      cursor = page.next
    } while (cursor !== null)
    expect(paged).toEqual(all)
    const byKey = await test.store.deadLetterKeys({ tenant }, { limit: 100 })
    expect(byKey.map(({ dead_letter_key: key }) => key)).toEqual(all.toSorted())
    const second = await test.store.deadLetterKeys({ tenant }, { limit: 100, after: all.toSorted()[3] ?? '' })
    expect(second.map(({ dead_letter_key: key }) => key)).toEqual(all.toSorted().slice(4))
    const count = async (filter: object) =>
      (await test.store.deadLetters({ tenant, limit: 100, ...filter })).dead_letters.length
    expect(await count({ reasons: ['truncated'] })).toBe(1)
    expect(await count({ reasons: ['truncated', 'time_zone_unknown'] })).toBe(8)
    expect(await count({ sourceKinds: ['kafka'] })).toBe(0)
    expect(await count({ states: ['replayed', 'discarded'] })).toBe(0)
    expect(await count({ since: '2099-01-01T00:00:00Z' })).toBe(0)
    expect(await count({ since: '2020-01-01T00:00:00Z' })).toBe(8)
    await expect(test.store.deadLetters({ tenant, limit: 1, cursor: 'bm9uZQ' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    })
    expect(await test.store.deadLettersByKey(tenant, [`') OR 1 --`, UNKNOWN])).toEqual([])
    expect(await test.store.deadLettersByKey('another tenant', all)).toEqual([])
  })

  it('show their state in SQL', async () => {
    await collect(sink, zoneless(1), { tenant: 'sql' })
    const columns = 'state, reopened, attempts, seen, closed_by, first_seen = last_seen AS is_once'
    let text = ''
    for await (const part of await test.store.runSql(`SELECT ${columns} FROM dead_letters`, 'ndjson', 'sql')) {
      text += Buffer.from(part).toString()
    }
    expect(JSON.parse(text)).toEqual({
      state: 'open',
      reopened: false,
      attempts: '0',
      seen: '1',
      closed_by: null,
      is_once: 1,
    })
    await expect(test.store.runSql('SELECT * FROM _dead_letter_states', 'ndjson')).rejects.toMatchObject({
      code: 'QUERY_REFUSED',
    })
  })

  describe('in the API', () => {
    let app: Api
    let judge: Awaited<ReturnType<typeof createJudge>>
    const tenant = 'api'
    beforeAll(async () => {
      app = await createTestApp({ tenant, reader: test.store, deadLetters: desk() })
      judge = await createJudge(app)
      await collect(sink, [zoneless(1), zoneless(2), '{"broken'].join('\n'), { tenant })
    })
    afterAll(() => app?.close())

    it('are listed, shown, replayed and discarded, each answer as the document says', async () => {
      const list = await app.inject('/v1/dead-letters?state=open&reason=time_zone_unknown&limit=1&since=2020-01-01')
      expect(judge('/v1/dead-letters', list)).toEqual([])
      const page = list.json<DeadLetterPage>()
      expect([page.dead_letters.length, typeof page.next]).toEqual([1, 'string'])
      const next = await app.inject(`/v1/dead-letters?state=open&reason=time_zone_unknown&cursor=${page.next ?? ''}`)
      expect(next.json<DeadLetterPage>()).toMatchObject({ dead_letters: [{ reason: 'time_zone_unknown' }], next: null })
      const key = page.dead_letters[0]?.dead_letter_key ?? ''
      const one = await app.inject(`/v1/dead-letters/${key.toUpperCase()}`)
      expect(judge('/v1/dead-letters/{key}', one)).toEqual([])
      expect(Buffer.from(one.json<StoredDeadLetter>().bytes, 'base64').toString()).toContain('contoso.example')
      const replay = await app.inject({ method: 'POST', url: `/v1/dead-letters/${key}/replay` })
      expect(judge('/v1/dead-letters/{key}/replay', replay, 'post')).toEqual([])
      expect([replay.statusCode, replay.json<ReplayResult>().outcome]).toEqual([200, 'replayed'])
      const [, other] = [key, next.json<DeadLetterPage>().dead_letters[0]?.dead_letter_key ?? '']
      const payload = { reason: 'a test device', requested_by: 'ada' }
      const discard = await app.inject({ method: 'POST', url: `/v1/dead-letters/${other}/discard`, payload })
      expect(judge('/v1/dead-letters/{key}/discard', discard, 'post')).toEqual([])
      expect(discard.json()).toMatchObject({ state: 'discarded', discard_reason: 'a test device', closed_by: 'ada' })
      const left = await app.inject('/v1/dead-letters?state=open')
      expect(left.json<DeadLetterPage>().dead_letters.map(({ reason }) => reason)).toEqual(['truncated'])
    })

    it.each([
      ['GET', `/v1/dead-letters/${UNKNOWN}`, undefined, 404],
      ['POST', `/v1/dead-letters/${UNKNOWN}/replay`, undefined, 404],
      ['POST', `/v1/dead-letters/${UNKNOWN}/discard`, { reason: 'x' }, 404],
      ['GET', '/v1/dead-letters/nonsense', undefined, 400],
      ['GET', '/v1/dead-letters?state=closed', undefined, 400],
      ['GET', '/v1/dead-letters?reason=bad_luck', undefined, 400],
      ['GET', '/v1/dead-letters?since=yesterday', undefined, 400],
      ['GET', '/v1/dead-letters?limit=0', undefined, 400],
      ['GET', '/v1/dead-letters?cursor=bm9uZQ', undefined, 400],
      ['POST', `/v1/dead-letters/${UNKNOWN}/discard`, undefined, 400],
      ['POST', `/v1/dead-letters/${UNKNOWN}/discard`, { reason: ' ' }, 400],
      ['POST', `/v1/dead-letters/${UNKNOWN}/discard`, { reason: 'x', because: 'y' }, 400],
      ['POST', `/v1/dead-letters/${UNKNOWN}/replay`, { requested_by: '' }, 400],
      ['DELETE', `/v1/dead-letters/${UNKNOWN}`, undefined, 405],
    ] as const)('%s %s with %j is answered %i, as problem details', async (method, url, payload, status) => {
      const answer = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) })
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([
        status,
        'application/problem+json; charset=utf-8',
      ])
    })
  })
})
