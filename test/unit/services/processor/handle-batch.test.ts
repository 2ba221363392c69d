import { describe, expect, it } from 'vitest'
import type { ClassifiedEvent } from '../../../../schemas/classified-event.ts'
import type { DeadLetterAction } from '../../../../schemas/dead-letter-action.ts'
import { createHandleBatch } from '../../../../services/processor/handle-batch.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import { type DeadLetterSighting, type EventWriter, RowRefused } from '../../../../services/store/event-store.ts'
import type { Batch } from '../../../../services/transport/transport.ts'
import { unpacked } from '../../../support/unpacked-rows.ts'
import { anEvent } from './an-event.ts'
import { pipeline } from './a-pipeline.ts'

/** A store in memory that keeps the promise of the port: one row a key, one sighting a name, in the order of the calls. */
function memoryStore() {
  const rows = new Map<string, ClassifiedEvent>()
  const sightings = new Map<string, DeadLetterSighting>()
  const actions: DeadLetterAction[] = []
  const calls: string[] = []
  const store: EventWriter = {
    ...unpacked((added) => {
      calls.push(`events ${added.length}`)
      return Promise.resolve(
        added.map((row) => {
          const isNew = !rows.has(row.event_key)
          rows.set(row.event_key, row)
          return isNew
        }),
      )
    }),
    insertDeadLetters: (added) => {
      calls.push(`letters ${added.length}`)
      for (const one of added) sightings.set(one.sighting, one)
      return Promise.resolve()
    },
    insertDeadLetterActions: (added) => {
      calls.push(`actions ${added.length}`)
      actions.push(...added)
      return Promise.resolve()
    },
  }
  return { store, rows, sightings, actions, calls }
}

const bad = anEvent({ occurred_at: '1601-01-01T00:00:00Z', record_id: '9' })
const event = (id: number) => anEvent({ record_id: String(id) })
const batch = (of: Partial<Batch>): Batch => ({
  tenant: 'default',
  events: [],
  deadLetters: [],
  dropped: 0,
  batchId: 'run-1',
  ...of,
})
const [letter] = pipeline.processBatch([Buffer.from('{')], {
  tenant: 'default',
  kind: 'file',
  origin: () => 'a.json@0',
}).deadLetters

describe('handleBatch', () => {
  it('sees a refused event once, however its batch is cut when it comes again', async () => {
    const { store, sightings } = memoryStore()
    const handleBatch = createHandleBatch({ pipeline, store })
    const originOf = (first: number) => (index: number) => `kafka:events/3@${first + index}`
    await handleBatch([batch({ events: [event(1), bad], batchId: 'kafka:events/3@7-8', originOf: originOf(7) })])
    await handleBatch([batch({ events: [bad, event(2)], batchId: 'kafka:events/3@8-9', originOf: originOf(8) })])
    expect([...sightings.values()].map((one) => one.letter.origin)).toEqual(['kafka:events/3@8'])
    await handleBatch([batch({ events: [bad], batchId: 'kafka:events/3@12-12', originOf: originOf(12) })])
    expect(sightings.size).toBe(2)
  })

  it('accounts for everything, batch by batch, with duplicates also across the batches of one call', async () => {
    const { store, rows, sightings } = memoryStore()
    const handleBatch = createHandleBatch({ pipeline, store })
    const batches = [
      batch({ events: [event(1), event(2), event(1), bad], deadLetters: letter ? [letter] : [], dropped: 5 }),
      batch({ events: [event(2), event(3)], batchId: 'run-2' }),
      batch({ batchId: 'run-3' }),
      batch({ events: [event(1)], tenant: 'other', batchId: 'run-4' }),
    ]
    expect(await handleBatch(batches)).toEqual([
      { received: 10, accepted: 3, dead_lettered: 2, dropped: 5, stored: 2, duplicates: 1 },
      { received: 2, accepted: 2, dead_lettered: 0, dropped: 0, stored: 1, duplicates: 1 },
      { received: 0, accepted: 0, dead_lettered: 0, dropped: 0, stored: 0, duplicates: 0 },
      { received: 1, accepted: 1, dead_lettered: 0, dropped: 0, stored: 1, duplicates: 0 },
    ])
    expect(rows.size).toBe(4)
    expect(sightings.size).toBe(2)
  })

  it('writes dead letters before rows, all rows of a call in one insert, and nothing where there is nothing', async () => {
    const { store, calls } = memoryStore()
    const handleBatch = createHandleBatch({ pipeline, store })
    await handleBatch([batch({ events: [event(1), bad] }), batch({ events: [event(2)] })])
    await handleBatch([batch({ dropped: 3 })])
    await handleBatch([])
    expect(calls).toEqual(['letters 1', 'events 2'])
  })

  it('counts a retry of the same batch as duplicates, and its dead letters as no new sighting', async () => {
    const { store, rows, sightings } = memoryStore()
    const handleBatch = createHandleBatch({ pipeline, store })
    const same = batch({ events: [event(1), event(2), bad], deadLetters: letter ? [letter] : [] })
    await handleBatch([same])
    expect(await handleBatch([same])).toEqual([
      { received: 4, accepted: 2, dead_lettered: 2, dropped: 0, stored: 0, duplicates: 2 },
    ])
    expect([rows.size, sightings.size]).toEqual([2, 2])
    await handleBatch([{ ...same, batchId: 'another run' }])
    expect([rows.size, sightings.size]).toEqual([2, 4])
  })

  it('tells equal broken records at two places of one batch apart as two sightings of one letter', async () => {
    const { store, sightings } = memoryStore()
    await createHandleBatch({ pipeline, store })([batch({ events: [bad, bad] })])
    const seen = [...sightings.values()]
    expect(seen.map(({ letter: { origin } }) => origin)).toEqual(['run-1#0', 'run-1#1'])
    expect(new Set(seen.map(({ letter: { dead_letter_key } }) => dead_letter_key)).size).toBe(1)
  })

  it('rejects as the store does, so that the batch comes again', async () => {
    const down = new AppError('STORE_UNAVAILABLE', 'away', { retryable: true })
    const { store, calls } = memoryStore()
    const noLetters = createHandleBatch({
      pipeline,
      store: { ...store, insertDeadLetters: () => Promise.reject(down) },
    })
    await expect(noLetters([batch({ events: [event(1), bad] })])).rejects.toBe(down)
    expect(calls).toEqual([])
    const noRows = createHandleBatch({ pipeline, store: { ...store, ...unpacked(() => Promise.reject(down)) } })
    await expect(noRows([batch({ events: [event(1)] })])).rejects.toBe(down)
  })

  describe('of a dead letter that is replayed', () => {
    const replay = {
      dead_letter_key: 'a'.repeat(32),
      attempt: 'attempt-1',
      part: 0,
      parts: 1,
      covers: 2,
      requested_by: 'ada',
      requested_at: '2026-11-24T00:00:00.000Z',
    }

    it('says that it is stored after its row is, and the same when it comes again', async () => {
      const { store, actions, calls } = memoryStore()
      const handleBatch = createHandleBatch({ pipeline, store })
      const replayed = batch({ events: [event(1)], replay })
      await handleBatch([replayed, batch({ events: [event(2)], batchId: 'run-2' })])
      expect(calls).toEqual(['events 2', 'actions 1'])
      expect(actions).toMatchObject([{ ...replay, tenant: 'default', action: 'stored', reason: '' }])
      await handleBatch([replayed])
      expect(actions[1]).toEqual(actions[0])
    })

    it('says why it is refused again, and makes no letter of it', async () => {
      const { store, actions, sightings } = memoryStore()
      const [receipt] = await createHandleBatch({ pipeline, store })([batch({ events: [bad], replay })])
      expect(receipt).toMatchObject({ received: 1, accepted: 0, dead_lettered: 1 })
      expect(actions).toMatchObject([{ action: 'failed', reason: 'time_out_of_range' }])
      expect(sightings.size).toBe(0)
    })

    it('says so as well when it is the store that refuses its row', async () => {
      const { store, actions, sightings } = memoryStore()
      const refusing = { ...store, ...unpacked(() => Promise.reject(new RowRefused('not\nthis row'))) }
      const [receipt] = await createHandleBatch({ pipeline, store: refusing })([batch({ events: [event(1)], replay })])
      expect(receipt).toMatchObject({ received: 1, accepted: 0, dead_lettered: 1, stored: 0, duplicates: 0 })
      expect(actions).toMatchObject([{ action: 'failed', reason: 'store_refused', detail: 'not this row' }])
      expect(sightings.size).toBe(0)
    })

    it('says nothing while the row is not stored', async () => {
      const down = new AppError('STORE_UNAVAILABLE', 'away', { retryable: true })
      const { store, actions } = memoryStore()
      const handleBatch = createHandleBatch({ pipeline, store: { ...store, ...unpacked(() => Promise.reject(down)) } })
      await expect(handleBatch([batch({ events: [event(1)], replay })])).rejects.toBe(down)
      expect(actions).toEqual([])
    })
  })
})
