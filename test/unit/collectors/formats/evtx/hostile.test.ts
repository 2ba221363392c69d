import { describe, expect, it } from 'vitest'
import { evtx } from '../../../../../collectors/formats/evtx/evtx.ts'
import { VALUE } from '../../../../../collectors/formats/evtx/layout.ts'
import { type WrittenEvtx, writeEvtx } from '../../../../support/evtx-writer/evtx-writer.ts'
import {
  bare,
  element,
  type ElementNode,
  type Fragment,
  instance,
  substitution,
} from '../../../../support/evtx-writer/nodes.ts'
import { decodeAll, readBack, sorted } from '../../../../support/evtx-writer/read-back.ts'
import * as value from '../../../../support/evtx-writer/values.ts'
import { classicEventData, eventData, windowsEvent } from '../../../../support/evtx-writer/windows-templates.ts'

const HEADER = 4096
const CHUNK = 65536

describe('a hostile file', () => {
  it('with elements nested without end costs its record only', async () => {
    let deep: ElementNode = element('a', {}, ['x'])
    for (let level = 0; level < 400; level += 1) deep = element('a', {}, [deep])
    const { events, damage } = await readBack(
      windowsEvent(1n, bare(element('EventData', {}, [deep]))),
      windowsEvent(2n, null),
    )
    expect(events.map((event) => event.record_id)).toEqual(['1', '2'])
    expect(damage.map((item) => item.reason)).toEqual([expect.stringContaining('nest deeper than 64 levels')])
  })

  it('with BinXML values nested without end costs its record only', async () => {
    const template = {
      guid: 'e0000001-0000-4000-8000-000000000000',
      root: element('A', {}, [substitution(0, VALUE.binXml)]),
    }
    let deep: Fragment = instance(template, [value.uint8(1)])
    for (let level = 0; level < 200; level += 1) deep = instance(template, [value.binXml(deep)])
    const { events, damage } = await readBack(windowsEvent(1n, deep), windowsEvent(2n, null))
    expect(events.map((event) => event.record_id)).toEqual(['1', '2'])
    expect(damage.map((item) => item.reason)).toEqual([expect.stringContaining('nest deeper than 64 levels')])
  })

  it('whose values double at every level is stopped, soon', async () => {
    const twice = {
      guid: 'e0000002-0000-4000-8000-000000000000',
      root: element('A', {}, [substitution(0, VALUE.binXml), substitution(0, VALUE.binXml)]),
    }
    let bomb: Fragment = instance(twice, [value.uint8(1)])
    for (let level = 0; level < 50; level += 1) bomb = instance(twice, [value.binXml(bomb)])
    const { events, damage } = await readBack(windowsEvent(1n, bomb), windowsEvent(2n, null))
    expect(events.map((event) => event.record_id)).toEqual(['1', '2'])
    expect(damage.map((item) => item.reason)).toEqual([expect.stringContaining('expands to more than 1 MiB')])
  })

  it('whose template repeats one large value is stopped, in every record that uses it', async () => {
    const fields = Array.from({ length: 1000 }, () => element('Data', {}, [substitution(0, VALUE.binary)]))
    const template = { guid: 'e0000003-0000-4000-8000-000000000000', root: element('EventData', {}, fields) }
    const bomb = (id: bigint) => windowsEvent(id, instance(template, [value.binary(Buffer.alloc(9000))]))
    const { events, damage } = await readBack(bomb(1n), bomb(2n), windowsEvent(3n, null))
    expect(events.map((event) => event.record_id)).toEqual(['1', '2', '3'])
    expect(damage).toHaveLength(2)
  })

  it('with 30,000 fields of one name is read in a moment', async () => {
    const names = Array.from({ length: 30000 }, () => '')
    const template = {
      guid: 'e0000004-0000-4000-8000-000000000000',
      root: element('EventData', {}, [element('Data', { Name: 'x' }, [substitution(0, VALUE.string | 0x80)])]),
    }
    const { events } = await readBack(
      windowsEvent(1n, instance(template, [value.array(VALUE.string, names.map(value.string))])),
    )
    expect(Object.keys(events[0]?.data ?? {})).toHaveLength(30000)
  })

  it('of 3 MB of anything is one stretch of damage, or two', async () => {
    const noise = Buffer.from(
      Array.from({ length: 3000 }, () => 'not a log, ')
        .join('')
        .repeat(100),
    )
    const { events, damage } = sorted(await decodeAll(noise))
    expect(events).toEqual([])
    expect(damage.length).toBeLessThanOrEqual(3)
    expect(damage.reduce((sum, item) => sum + item.length, 0)).toBe(noise.length)
  })
})

it('reads no further ahead than it must, and lets go of its input when it is stopped', async () => {
  const { bytes } = writeEvtx([{ id: 1n, fragment: windowsEvent(1n, null) }])
  const state = { pieces: 0, isClosed: false }
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      await Promise.resolve()
      yield bytes.subarray(0, HEADER)
      for (;;) {
        state.pieces += 1
        yield bytes.subarray(HEADER)
      }
    } finally {
      state.isClosed = true
    }
  }
  let batches = 0
  for await (const batch of evtx.decode(endless(), { receivedAt: '2024-11-16T00:00:00Z' })) {
    expect(batch).toHaveLength(1)
    batches += 1
    expect(state.pieces).toBeLessThanOrEqual(batches + 4)
    if (batches === 200) break
  }
  expect(state.isClosed).toBe(true)
})

/** mulberry32: small, seeded, the same on every machine. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function sample(): WrittenEvtx {
  const contentOf = (index: number): Fragment | null => {
    if (index % 4 === 0) return null
    if (index % 4 === 1) return classicEventData(['a', `b${index}`, ''], value.binary(Buffer.from([index])))
    const fields = {
      Error: value.uint32(3399811100 - index),
      Text: value.string(`text €${index}`),
      Id: value.guid('a732cd2e-376a-0002-3b37-3da76a37db01'),
    }
    if (index % 4 === 2) return eventData('f0000001-0000-4000-8000-000000000000', fields)
    return bare(element('UserData', {}, [element('Root', {}, [element('A', { Code: '1' }, [`v${index}`])])]))
  }
  const records = Array.from({ length: 24 }, (_, index) => ({
    id: BigInt(index + 1),
    fragment: windowsEvent(BigInt(index + 1), contentOf(index)),
  }))
  return writeEvtx(records, 8)
}

type Change = { readonly bytes: Buffer; readonly from: number; readonly to: number }

/** A place in the file; three times in four in the part of a chunk that holds something. */
function aim(length: number, next: () => number): number {
  if (next() < 0.25) return Math.floor(next() * length)
  return HEADER + Math.floor(next() * 3) * CHUNK + Math.floor(next() * 6000)
}

/** One change, and which bytes of the original it touched. */
function mutate(original: Buffer, next: () => number): Change {
  const at = aim(original.length, next)
  const length = 1 + Math.floor(next() ** 4 * 3000)
  const to = Math.min(original.length, at + length)
  const bytes = Buffer.from(original)
  switch (Math.floor(next() * 6)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(next() * 8))
      return { bytes, from: at, to: at + 1 }
    case 1:
      for (let index = at; index < to; index += 1) bytes[index] = Math.floor(next() * 256)
      return { bytes, from: at, to }
    case 2:
      return { bytes: bytes.subarray(0, at), from: at, to: original.length }
    case 3:
      return { bytes: bytes.fill(0, at, to), from: at, to }
    case 4:
      return { bytes: Buffer.concat([original.subarray(0, at), original.subarray(to)]), from: at, to }
    default:
      original.copy(bytes, at, Math.floor(next() * (original.length - length)), undefined)
      return {
        bytes: Buffer.concat([original.subarray(0, at), bytes.subarray(at, to), original.subarray(to)]),
        from: at,
        to,
      }
  }
}

describe('under random changes', () => {
  const original = sample()

  it('the reader ends without throwing, and reads every record that the change left alone', async () => {
    const whole = sorted(await decodeAll(original.bytes)).events.map((event) => JSON.stringify(event))
    expect(whole).toHaveLength(24)
    for (let seed = 1; seed <= 2000; seed += 1) {
      const change = mutate(original.bytes, random(seed))
      const read = new Set(sorted(await decodeAll(change.bytes)).events.map((event) => JSON.stringify(event)))
      for (const { id } of untouched(original, change)) {
        if (!read.has(whole[Number(id) - 1] ?? '')) expect.fail(`record ${id} is lost after change ${seed}`)
      }
    }
  }, 60_000)

  it('the chunks are read in any order', async () => {
    const { bytes } = original
    const chunks = [0, 1, 2].map((index) => bytes.subarray(HEADER + index * CHUNK, HEADER + (index + 1) * CHUNK))
    const shuffled = Buffer.concat([bytes.subarray(0, HEADER), chunks[2]!, chunks[0]!, chunks[1]!])
    const { events, damage } = sorted(await decodeAll(shuffled))
    expect(damage).toEqual([])
    expect(events.map((event) => Number(event.record_id))).toEqual([
      17,
      18,
      19,
      20,
      21,
      22,
      23,
      24,
      ...Array.from({ length: 16 }, (_, i) => i + 1),
    ])
  })

  it('doubled bits in every byte of a chunk header are never worse than a report', async () => {
    for (let at = HEADER; at < HEADER + 512; at += 1) {
      const bytes = Buffer.from(original.bytes)
      bytes[at] = (bytes[at] ?? 0) ^ 0x81
      const { events } = sorted(await decodeAll(bytes))
      const isMagic = at < HEADER + 8
      expect(events.length, `byte ${at}`).toBe(isMagic ? 16 : 24)
    }
  })
})

/** Records whose own bytes, and all bytes that their meaning hangs on, lie outside the change and in their old place. */
function untouched({ bytes, records }: WrittenEvtx, change: Change) {
  const isOutside = (start: number, end: number) => end <= change.from || start >= change.to
  const isShifted = change.bytes.length !== bytes.length
  return records.filter((record) => {
    const chunk = HEADER + Math.floor((record.offset - HEADER) / CHUNK) * CHUNK
    if (!isOutside(chunk, chunk + 8)) return false
    // Offsets count from the start of the chunk: behind a shift inside it they mean other bytes.
    if (isShifted && change.from >= chunk && change.from < record.offset) return false
    return (
      isOutside(record.offset, record.offset + record.size) &&
      record.needs.every(({ start, end }) => isOutside(start, end))
    )
  })
}
