import { createReadStream } from 'node:fs'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { evtx } from '../../../../../collectors/formats/evtx/evtx.ts'
import type { Decoded } from '../../../../../collectors/formats/format.ts'
import { WindowsEvent } from '../../../../../schemas/windows-event.ts'
import { RECEIVED_AT, sorted } from '../../../../support/evtx-writer/read-back.ts'
import { sharedPath } from '../../../../support/shared-samples.ts'

const folder = sharedPath('samples', 'evtx')
if (folder === undefined) console.log('not run: real EVTX files (there is no ../shared/samples/evtx beside this clone)')

async function readShared(name: string) {
  const decoded: Decoded[] = []
  for await (const batch of evtx.decode(createReadStream(`${folder ?? ''}/${name}`), { receivedAt: RECEIVED_AT })) {
    decoded.push(...batch)
  }
  const { events, rejects, damage } = sorted(decoded)
  expect(events.filter((event) => !Value.Check(WindowsEvent, event))).toEqual([])
  return {
    events,
    rejects: rejects.map(({ offset, reason }) => `${offset} ${reason}`),
    damage: damage.map(({ offset, length, reason }) => `${offset}+${length} ${reason}`),
  }
}

const inUse = '120+4 the file is marked as in use: it was copied while open, or not closed; read to its end'
const spoilt = "the checksum over the chunk's records does not hold; they were read one by one"

describe.skipIf(folder === undefined)('real files', () => {
  it('security.evtx: 2261 events, its header stale', async () => {
    const { events, rejects, damage } = await readShared('security.evtx')
    expect(events.map((event) => Number(event.record_id))).toEqual(
      Array.from({ length: 2261 }, (_, index) => index + 1),
    )
    expect({ rejects, damage }).toEqual({ rejects: [], damage: [inUse] })
  })

  it('Security_with_size_t.evtx: 636 events, pointers in hex, a code in an attribute', async () => {
    const { events, rejects, damage } = await readShared('Security_with_size_t.evtx')
    expect(events).toHaveLength(636)
    expect({ rejects, damage }).toEqual({ rejects: [], damage: [] })
    expect(events[1]?.data).toMatchObject({
      SubjectLogonId: '0x0',
      TargetLogonId: '0x3e7',
      ProcessId: '0x4',
      ProcessName: '',
    })
    const failures = events.filter(
      (event) => event.provider === 'Microsoft-Windows-Eventlog' && event.event_id === 1108,
    )
    expect(failures.map((event) => event.data['Error@Code'])).toEqual(['15007', '15007', '15007'])
  })

  it('HelloForBusiness: 5 events and one blank record', async () => {
    const { events, rejects, damage } = await readShared('Microsoft-Windows-HelloForBusiness%4Operational.evtx')
    expect(events.map((event) => event.record_id)).toEqual(['1', '2', '3', '4', '5'])
    expect(rejects).toEqual([])
    expect(damage).toEqual([
      inUse,
      `4608+9560 ${spoilt}`,
      '8080+384 the System part of the record is blank',
      '8464+5704 no record starts here',
    ])
  })

  it('sample-with-zero-data-size-event.evtx: 449 events around a record of size zero', async () => {
    const { events, rejects, damage } = await readShared('sample-with-zero-data-size-event.evtx')
    const ids = Array.from({ length: 450 }, (_, index) => index + 1).filter((id) => id !== 3)
    expect(events.map((event) => Number(event.record_id))).toEqual(ids)
    expect(rejects).toEqual([])
    expect(damage).toEqual([inUse, `4608+64776 ${spoilt}`, '6176+232 a record of size zero'])
  })

  it('sample_with_a_bad_chunk_magic.evtx: 301 records, of which one has no time; none from the damaged chunks', async () => {
    const { events, rejects, damage } = await readShared('sample_with_a_bad_chunk_magic.evtx')
    expect(events.length + rejects.length).toBe(301)
    expect(rejects).toEqual(['12224 no_time'])
    const ids = new Set(events.map((event) => Number(event.record_id)))
    expect(ids.size).toBe(300)
    expect([ids.has(45933), ids.has(47640), ids.has(47675), ids.has(47613), ids.has(45641)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
    const lost = damage.filter((line) => /without the signature|zeros where/.test(line))
    expect(lost).toEqual([
      '69632+327680 zeros where a chunk should be',
      '397312+65536 a chunk without the signature of one',
      '659456+65536 a chunk without the signature of one',
      '724992+327680 zeros where a chunk should be',
    ])
  })
})
