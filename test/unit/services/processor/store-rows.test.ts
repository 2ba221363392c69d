import { describe, expect, it } from 'vitest'
import type { ClassifiedEvent } from '../../../../schemas/classified-event.ts'
import { storeRows } from '../../../../services/processor/store-rows.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import { RowRefused } from '../../../../services/store/event-store.ts'
import { createRandom } from '../../../support/seeded-random.ts'
import { unpacked } from '../../../support/unpacked-rows.ts'
import { rowOf } from './a-pipeline.ts'

/** Takes an insert whole or not at all, as ClickHouse does; refuses one with any of these rows in it. */
function pickyStore(bad: ReadonlySet<ClassifiedEvent>) {
  const stored = new Set<ClassifiedEvent>()
  let inserts = 0
  return {
    stored,
    inserts: () => inserts,
    ...unpacked((rows: readonly ClassifiedEvent[]): Promise<readonly boolean[]> => {
      inserts++
      if (rows.some((row) => bad.has(row))) return Promise.reject(new RowRefused('a bad row'))
      const isNew = rows.map((row) => !stored.has(row))
      for (const row of rows) stored.add(row)
      return Promise.resolve(isNew)
    }),
  }
}

/** In parts of 1, 2, 3 … rows and an empty one, which must make no difference. */
const packed = ({ packRows }: ReturnType<typeof unpacked>) => [
  packRows([]),
  ...Array.from({ length: 26 }, (_, part) =>
    packRows(rows.slice((part * (part + 1)) / 2, ((part + 1) * (part + 2)) / 2)),
  ),
]
const rows = Array.from({ length: 333 }, (_, id) => rowOf({ record_id: String(id) }))

describe('storeRows', () => {
  it('takes one insert where nothing is wrong', async () => {
    const store = pickyStore(new Set())
    expect(await storeRows(store, packed(store))).toEqual({ isNew: rows.map(() => true), refused: new Map() })
    expect(store.inserts()).toBe(1)
    expect(await storeRows(store, [])).toEqual({ isNew: [], refused: new Map() })
  })

  it.each([[[0]], [[332]], [[166, 167]], [[]], [rows.map((_, index) => index)]])(
    'finds the bad rows %j and stores every other one, in the order of the rows',
    async (places) => {
      const store = pickyStore(new Set(places.map((place) => rows[place]!)))
      const { isNew, refused } = await storeRows(store, packed(store))
      expect([...refused.keys()]).toEqual(places)
      expect(isNew).toEqual(rows.map((_, index) => !places.includes(index)))
      expect(store.stored.size).toBe(rows.length - places.length)
    },
  )

  it('finds any set of bad rows in about 2 log2(n) inserts for each', async () => {
    const random = createRandom(11)
    for (let round = 0; round < 50; round++) {
      const places = new Set(Array.from({ length: round % 7 }, () => Math.floor(random() * rows.length)))
      const store = pickyStore(new Set([...places].map((place) => rows[place]!)))
      const { refused } = await storeRows(store, packed(store))
      expect(new Set(refused.keys())).toEqual(places)
      expect(store.inserts()).toBeLessThanOrEqual(1 + places.size * 2 * Math.ceil(Math.log2(rows.length)))
    }
  })

  it.each([
    ['an outage', new AppError('STORE_UNAVAILABLE', 'away', { retryable: true })],
    ['a full disk or a missing right', new AppError('STORE_REFUSED', 'disk full')],
    ['a fault of ours', new TypeError('bug')],
  ])('throws %s at once, also in the middle of the search, and blames no row', async (_, error) => {
    const picky = pickyStore(new Set([rows[200]!]))
    for (const failAt of [1, 3]) {
      let inserts = 0
      const store = unpacked((part: readonly ClassifiedEvent[]) =>
        ++inserts === failAt ? Promise.reject(error) : picky.insertEvents(part),
      )
      await expect(storeRows(store, packed(store))).rejects.toBe(error)
      expect(inserts).toBe(failAt)
    }
  })
})
