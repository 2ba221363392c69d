import { describe, expect, it } from 'vitest'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'
import { createRevision, richnessOf } from '../../../../services/processor/steps/revision.ts'
import { anEvent } from './an-event.ts'

const OPTIONAL = [
  'channel',
  'provider',
  'version',
  'level',
  'task',
  'opcode',
  'keywords',
  'record_id',
  'user_sid',
  'process_id',
  'thread_id',
] as const satisfies readonly (keyof WindowsEvent)[]

const whole = anEvent({
  collected_at: '2026-11-20T08:16:00Z',
  user: 'CONTOSO\\ada',
  activity_id: '12d0e4f1-7f17-4087-b7d4-026e58338c8e',
  message: 'text',
  data: { Error: '1', ErrorMessage: 'x', AdditionalInformation: 'y' },
})

const richness = (event: WindowsEvent, digits: number) => richnessOf(event, digits, Object.keys(event.data).length)

describe('richnessOf', () => {
  it('never ranks a copy that lost something higher than the copy that has it', () => {
    // Every way to lose one more thing, from every state: along any path the richness only falls.
    const random = mulberry32(7)
    for (let round = 0; round < 2000; round++) {
      let copy: WindowsEvent = whole
      let digits = 7
      let last = richness(copy, digits)
      for (let step = 0; step < 12; step++) {
        const choice = Math.floor(random() * (OPTIONAL.length + 3))
        const name = OPTIONAL[choice]
        if (name !== undefined) copy = { ...copy, [name]: null }
        else if (choice === OPTIONAL.length) copy = { ...copy, message: null }
        else if (choice === OPTIONAL.length + 1) digits = Math.max(0, digits - 1)
        else copy = { ...copy, data: Object.fromEntries(Object.entries(copy.data).slice(1)) }
        const now = richness(copy, digits)
        expect(now).toBeLessThanOrEqual(last)
        last = now
      }
    }
  })

  it('falls with every single thing that is lost', () => {
    const full = richness(whole, 7)
    expect(richness(whole, 6)).toBeLessThan(full)
    expect(richness({ ...whole, message: null }, 7)).toBeLessThan(full)
    expect(richness({ ...whole, data: { Error: '1' } }, 7)).toBeLessThan(full)
    for (const name of [...OPTIONAL, 'collected_at', 'user', 'activity_id'] as const) {
      expect(richness({ ...whole, [name]: null }, 7)).toBeLessThan(full)
    }
  })

  it('ranks copies of equal wealth by their shape, below any real difference', () => {
    const shapes = ['elastic_agent', 'winlogbeat', 'otel', 'evtx_dump', 'event_xml', 'evtx']
    const ranks = shapes.map((shipper) => richness({ ...whole, shipper }, 6))
    expect(new Set(ranks).size).toBe(shapes.length)
    expect(ranks).toEqual(ranks.toSorted((left, right) => left - right))
    expect(ranks.at(-1)).toBeLessThan(richness({ ...whole, shipper: 'elastic_agent' }, 7))
  })

  it('fits 16 bits for an event of a hundred thousand fields', () => {
    const data = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`param${index + 1}`, '']))
    expect(richness({ ...whole, data }, 7)).toBeLessThanOrEqual(0xffff)
  })
})

describe('revision', () => {
  const parts = (text: string) => {
    const bits = BigInt(text)
    return [bits >> 48n, (bits >> 32n) & 0xffffn, bits & 0xffff_ffffn].map(Number)
  }

  it('holds richness, catalog version and facts position, to their limits', () => {
    expect(parts(createRevision(1)(4711, 0))).toEqual([4711, 1, 0])
    expect(parts(createRevision(65535)(65535, 4294967295))).toEqual([65535, 65535, 4294967295])
    expect(createRevision(65535)(65535, 4294967295)).toBe('18446744073709551615')
  })

  it('orders by richness, then catalog, then facts', () => {
    const ordered = [
      createRevision(9)(10, 99),
      createRevision(1)(11, 0),
      createRevision(1)(11, 5),
      createRevision(2)(11, 0),
      createRevision(1)(12, 0),
    ].map(BigInt)
    expect(ordered).toEqual([...ordered].sort((left, right) => (left < right ? -1 : 1)))
  })

  it('does not mix up facts positions that come in turns', () => {
    const revision = createRevision(3)
    const first = [revision(5, 1), revision(5, 2)]
    expect([revision(5, 1), revision(5, 2)]).toEqual(first)
    expect(first[0]).not.toBe(first[1])
  })
})

/** A small seeded generator, so that a failure can be run again. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
