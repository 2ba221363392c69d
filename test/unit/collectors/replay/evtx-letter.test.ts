import { expect, it } from 'vitest'
import { createIntake } from '../../../../collectors/intake.ts'
import { readLetter } from '../../../../collectors/replay/read-letter.ts'
import type { StoredDeadLetter } from '../../../../schemas/api/dead-letters.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { decodeAll } from '../../../support/evtx-writer/read-back.ts'
import { writeEvtx } from '../../../support/evtx-writer/evtx-writer.ts'
import * as value from '../../../support/evtx-writer/values.ts'
import { eventData, windowsEvent } from '../../../support/evtx-writer/windows-templates.ts'

const YEAR_MS = 366 * 24 * 3600 * 1000
/** 2032-01-01 in 100 ns since 1601. */
const AHEAD = (BigInt(Date.UTC(2032, 0, 1)) + 11_644_473_600_000n) * 10_000n

it('an event of an .evtx file that was refused for its time is kept so that it can be replayed when its time has come', async () => {
  let now = Date.parse('2026-11-24T00:00:00Z')
  const intake = createIntake({
    catalog: loadCatalog(),
    tenant: 'default',
    keep: 'known',
    sourceKind: 'file',
    clock: () => now,
  })
  const content = eventData('10000001-0000-4000-8000-000000000000', { Error: value.uint32(3399811100) })
  const fragment = windowsEvent(7n, content, { occurred_at: value.filetime(AHEAD) })
  const taken = intake.take(await decodeAll(writeEvtx([{ id: 7n, fragment }]).bytes), (offset) => `pc7.evtx@${offset}`)
  expect(taken.deadLetters).toMatchObject([{ reason: 'time_out_of_range', shipper: 'evtx' }])
  const letter = { ...taken.deadLetters[0], last_seen: '2026-11-24T00:00:00Z' } as unknown as StoredDeadLetter
  expect(readLetter(letter, intake, undefined)).toMatchObject({ events: [], failure: { reason: 'time_out_of_range' } })
  now += 5 * YEAR_MS
  const { events, failure } = readLetter(letter, intake, undefined)
  expect(failure).toBeUndefined()
  expect(events).toMatchObject([
    { record_id: '7', occurred_at: '2032-01-01T00:00:00.0000000Z', shipper: 'evtx', data: { Error: '3399811100' } },
  ])
})
