import { describe, expect, it } from 'vitest'
import { RowRefused } from '../../../../services/store/event-store.ts'
import { encodeRow } from '../../../../services/store/clickhouse/encode-row.ts'
import { bytesOf, keysOf, packRows } from '../../../../services/store/clickhouse/packed-rows.ts'
import { eventRow } from '../../../support/classified-event.ts'
import { createRandom } from '../../../support/seeded-random.ts'

const rows = Array.from({ length: 60 }, (_, id) =>
  eventRow(`row ${id}`, {
    record_id: String(id),
    message: 'x'.repeat((id * 37) % 500),
    occurred_at: `2026-${id % 7 < 5 ? '10' : '11'}-0${1 + (id % 9)}T00:00:0${id % 10}Z`,
    tenant: id % 11 === 0 ? 'other' : 'default',
  }),
)
const parts = [0, 1, 1, 8, 30, 60].map((to, index, all) => packRows(rows.slice(index === 0 ? 0 : all[index - 1], to)))

describe('packed rows', () => {
  it('give the bytes of any of them, as if each had been encoded alone', () => {
    const random = createRandom(5)
    for (let round = 0; round < 200; round++) {
      const share = random()
      const wanted = rows.map((_, index) => index).filter(() => random() < share)
      const expected = Buffer.concat(wanted.map((index) => encodeRow(rows[index]!)))
      expect(bytesOf(parts, wanted).equals(expected)).toBe(true)
    }
    expect(bytesOf(parts, []).length).toBe(0)
  })

  it('say of each row what identifies it and which partition it belongs to', () => {
    const keys = keysOf(parts, 0, rows.length)
    expect(keys).toEqual(
      rows.map(({ tenant, event_key, revision, occurred_at }) => ({
        tenant,
        event_key,
        revision,
        second: Date.parse(occurred_at) / 1000,
        partition: occurred_at.slice(0, 7) + tenant,
      })),
    )
    expect(keysOf(parts, 5, 31)).toEqual(keys.slice(5, 31))
    expect(keysOf(parts, 8, 8)).toEqual([])
  })

  it('refuse a range with a row that cannot be kept, and none beside it; the others keep their bytes', () => {
    const bad = [
      eventRow('no number', { record_id: '18446744073709551616' }),
      eventRow('no time', { occurred_at: '2107-01-01T00:00:00Z' }),
    ]
    const mixed = [packRows([rows[0]!, bad[0]!, rows[1]!]), packRows([bad[1]!, rows[2]!])]
    expect(() => keysOf(mixed, 0, 5)).toThrow(RowRefused)
    expect(() => keysOf(mixed, 1, 2)).toThrow(/out of range/)
    expect(() => keysOf(mixed, 3, 4)).toThrow(/2107/)
    expect(keysOf(mixed, 2, 3)).toHaveLength(1)
    expect(bytesOf(mixed, [0, 2, 4])).toEqual(Buffer.concat([0, 1, 2].map((index) => encodeRow(rows[index]!))))
  })
})
