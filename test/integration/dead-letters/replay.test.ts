import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../../../services/runtime/errors.ts'
import type { Transport } from '../../../services/transport/transport.ts'
import { createTestStore, hasEngine, stopTestEngine, type TestStore } from '../../support/clickhouse.ts'
import { collect, deskOf, directSink, gather, theLetter, zoneless } from './a-desk.ts'

describe.skipIf(!hasEngine())('replaying dead letters', () => {
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
  const mended = () => deskOf(test.store, sink, { time_zone: 'Europe/Amsterdam' })
  const eventsOf = async (tenant: string) => (await test.store.events({ tenant, filters: [], limit: 100 })).events

  it('stores the event once and closes the letter, with who did it and by which version', async () => {
    const tenant = 'once'
    await collect(sink, zoneless(1), { tenant })
    const before = await theLetter(test.store, tenant)
    expect(before).toMatchObject({ state: 'open', reason: 'time_zone_unknown', attempts: 0, closed_at: null, seen: 1 })
    const result = await mended().replay(tenant, before.dead_letter_key, 'ada')
    expect(result).toMatchObject({ outcome: 'replayed', events: 1, stored: 1, duplicates: 0, reason: null })
    expect(await eventsOf(tenant)).toMatchObject([
      { computer: 'pc7.contoso.example', occurred_at: '2026-11-02T07:00:00.1234567Z', entry: 'known-1098-0xcaa5001c' },
    ])
    const after = await theLetter(test.store, tenant)
    expect(after).toMatchObject({
      state: 'replayed',
      attempts: 1,
      attempt_reason: null,
      closed_by: 'ada',
      reopened: false,
    })
    expect(after.closed_version).toMatch(/^\d+\.\d+\.\d+/)
    expect(Date.parse(after.closed_at ?? '')).toBeGreaterThan(Date.now() - 60_000)
    const again = await mended().replay(tenant, before.dead_letter_key, 'bob')
    expect(again).toMatchObject({ outcome: 'replayed', stored: 0, duplicates: 1 })
    // The first replay closed it.
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'replayed', attempts: 2, closed_by: 'ada' })
    expect(await eventsOf(tenant)).toHaveLength(1)
  })

  it('leaves a letter open that is refused again, with the new reason, and makes no second letter of it', async () => {
    const tenant = 'again'
    await collect(sink, zoneless(1, { Computer: '' }), { tenant })
    const before = await theLetter(test.store, tenant)
    const result = await mended().replay(tenant, before.dead_letter_key, 'ada')
    expect(result).toMatchObject({ outcome: 'failed', stored: 0, reason: 'no_computer' })
    expect(await theLetter(test.store, tenant)).toMatchObject({
      state: 'open',
      reason: before.reason,
      attempts: 1,
      attempt_reason: 'no_computer',
      closed_at: null,
      seen: 1,
    })
    expect(await eventsOf(tenant)).toEqual([])
  })

  it('keeps the reason of the processor too, where the collector found nothing wrong', async () => {
    const tenant = 'processor'
    const unstorable = await constrained(test, tenant)
    await collect(sink, zoneless(13), { tenant })
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    const result = await mended().replay(tenant, key, 'ada')
    expect(result).toMatchObject({ outcome: 'failed', stored: 0, reason: 'store_refused' })
    expect(result?.detail).toContain('no_thirteen')
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', attempt_reason: 'store_refused' })
    await unstorable.mend()
    expect(await mended().replay(tenant, key, 'ada')).toMatchObject({ outcome: 'replayed', stored: 1 })
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'replayed', attempts: 2, attempt_reason: null })
  })

  it('is whole after a crash between the row and the closing: the next replay finds a duplicate and closes', async () => {
    const tenant = 'crash'
    await collect(sink, zoneless(1), { tenant })
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    const died = new AppError('STORE_UNAVAILABLE', 'killed', { retryable: true })
    const dying = await directSink({ ...test.store, insertDeadLetterActions: () => Promise.reject(died) })
    const desk = deskOf(test.store, dying, { time_zone: 'Europe/Amsterdam' })
    await expect(desk.replay(tenant, key, 'ada')).rejects.toBe(died)
    await dying.stop()
    expect(await eventsOf(tenant)).toHaveLength(1)
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', attempts: 0 })
    expect(await mended().replay(tenant, key, 'ada')).toMatchObject({ outcome: 'replayed', stored: 0, duplicates: 1 })
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'replayed' })
    expect(await eventsOf(tenant)).toHaveLength(1)
  })

  it('opens a replayed letter again when the same record is refused again, and not when a batch is repeated', async () => {
    const tenant = 'seen-again'
    await collect(sink, zoneless(1), { tenant, runId: 'run-1' })
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    await mended().replay(tenant, key, 'ada')
    await collect(sink, zoneless(1), { tenant, runId: 'run-1' })
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'replayed', seen: 1 })
    await collect(sink, zoneless(1), { tenant, runId: 'run-2' })
    const reopened = await theLetter(test.store, tenant)
    expect(reopened).toMatchObject({ state: 'open', reopened: true, seen: 2, closed_by: 'ada' })
    expect(await mended().replay(tenant, key, 'bob')).toMatchObject({ outcome: 'replayed', stored: 0, duplicates: 1 })
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'replayed', reopened: false, closed_by: 'bob' })
  })

  it('closes a letter of several events only when all are stored, whatever order and repeats they come in', async () => {
    const tenant = 'parts'
    await collect(sink, '[{"broken', { tenant })
    const { dead_letter_key } = await theLetter(test.store, tenant)
    const about = { dead_letter_key, attempt: 'a', parts: 3, covers: 1, requested_by: 'ada' }
    const rest = { requested_at: new Date().toISOString(), tenant, version: '0.1.0', reason: '', detail: '' }
    const part = (number: number) => ({ ...about, ...rest, part: number, action: 'stored' as const })
    await test.store.insertDeadLetterActions([part(2), part(0)])
    await test.store.insertDeadLetterActions([part(0), part(2)])
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', attempts: 1 })
    // Two attempts do not make one whole.
    await test.store.insertDeadLetterActions([{ ...part(1), attempt: 'b' }])
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', attempts: 2 })
    await test.store.insertDeadLetterActions([part(1)])
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'replayed' })
  })

  it('replays many at once, by two operators at the same time, each event stored once', async () => {
    const tenant = 'many'
    const lines = Array.from({ length: 450 }, (_, number) => zoneless(number + 1))
    await collect(sink, [...lines, '{"broken', zoneless(451)].join('\n'), { tenant })
    await collect(sink, zoneless('x', { Computer: '' }), { tenant })
    const waiting = { tenant, reasons: ['time_zone_unknown'] }
    const [one, two] = await Promise.all([
      gather(mended().replayAll(waiting, 'ada')),
      gather(mended().replayAll(waiting, 'bob')),
    ])
    expect(new Set([...one, ...two].map(({ dead_letter_key: key }) => key)).size).toBeGreaterThanOrEqual(451)
    const stored = [...one, ...two].reduce((sum, result) => sum + result.stored, 0)
    expect(stored).toBe(451)
    const trend = { tenant, measure: 'events', interval: '1d', groupBy: [], filters: [] } as const
    const range = { from: '2026-11-01T00:00:00Z', to: '2026-11-04T00:00:00Z' }
    expect((await test.store.trend({ ...trend, ...range })).total).toBe(451)
    const left = await test.store.deadLetters({ tenant, states: ['open'], limit: 10 })
    expect(left.dead_letters.map(({ reason }) => reason).sort()).toEqual(['no_computer', 'not_json'])
    expect(await gather(mended().replayAll({ tenant }, 'ada'))).toHaveLength(2)
  })

  it('leaves a letter open whose event is dropped by rule, and says what stores it', async () => {
    const tenant = 'dropped'
    const foreign = zoneless(1, { Provider: { '#attributes': { Name: 'Disk' } } })
    await collect(sink, foreign, { tenant })
    const { dead_letter_key: key } = await theLetter(test.store, tenant)
    const result = await mended().replay(tenant, key, 'ada')
    expect(result).toMatchObject({ outcome: 'failed', reason: 'unknown_provider' })
    expect(result?.detail).toContain('--keep-all')
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', attempt_reason: 'unknown_provider' })
    const keeping = deskOf(test.store, sink, { time_zone: 'UTC', keep: 'all' })
    expect(await keeping.replay(tenant, key, 'ada')).toMatchObject({ outcome: 'replayed', stored: 1 })
  })

  it('refuses to replay what was cut, and counts no attempt', async () => {
    const tenant = 'cut'
    const large = `${zoneless(1).slice(0, -1)},"padding":"${'x'.repeat(17 * 1024 * 1024)}"}`
    await collect(sink, large, { tenant, origin: 'big.json' })
    const letter = await theLetter(test.store, tenant)
    expect(letter).toMatchObject({ reason: 'too_large', is_whole: false, length: large.length })
    const result = await mended().replay(tenant, letter.dead_letter_key, 'ada')
    expect(result).toMatchObject({ outcome: 'not_replayable', stored: 0 })
    expect(result?.detail).toMatch(/first 64 KiB of its \d+ bytes .* collect it again from big\.json@0/)
    expect(await theLetter(test.store, tenant)).toMatchObject({ state: 'open', attempts: 0 })
  })

  it('replays a record whose secrets were removed', async () => {
    const tenant = 'secret'
    const token = `eyJ${'a'.repeat(40)}.eyJ${'b'.repeat(60)}.${'c'.repeat(43)}`
    await collect(sink, zoneless(1).replace('"Error":', `"Token":"${token}","Error":`), { tenant })
    const letter = await theLetter(test.store, tenant)
    expect(Buffer.from(letter.bytes, 'base64').toString()).not.toContain(token)
    expect(letter.is_whole).toBe(true)
    expect(await mended().replay(tenant, letter.dead_letter_key, 'ada')).toMatchObject({
      outcome: 'replayed',
      stored: 1,
    })
  })
})

/** A store that takes no record id 13 of this tenant, until it is mended. */
async function constrained({ admin, database }: TestStore, tenant: string) {
  const constraint = `no_thirteen CHECK tenant != '${tenant}' OR record_id != 13`
  await admin.command({ query: `ALTER TABLE ${database}._events ADD CONSTRAINT ${constraint}` })
  return { mend: () => admin.command({ query: `ALTER TABLE ${database}._events DROP CONSTRAINT no_thirteen` }) }
}
