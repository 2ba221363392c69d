import { describe, expect, it } from 'vitest'
import { lagOf } from '../../../../../services/transport/kafka/lag.ts'
import {
  type Chunk,
  createPartitionLedger,
  type PartitionLedger,
  type Tracked,
} from '../../../../../services/transport/kafka/partition-ledger.ts'

const topic = 'events'

function chunkOf(partition: number, first: number, last: number): Chunk<number> {
  return {
    topic,
    partition,
    firstOffset: BigInt(first),
    lastOffset: BigInt(last),
    firstTime: first * 1000,
    lastTime: last * 1000,
    bytes: 10,
    records: [],
  }
}

function add(ledger: PartitionLedger, partition: number, first: number, last: number): Tracked<number> {
  const tracked = ledger.add(chunkOf(partition, first, last))
  expect(tracked).toBeDefined()
  return tracked as Tracked<number>
}

const assigned = (...partitions: number[]) => {
  const ledger = createPartitionLedger()
  ledger.assign(partitions.map((partition) => ({ topic, partition })))
  return ledger
}

describe('the ledger of partitions', () => {
  it('commits up to the first chunk that is not stored, whatever order they were stored in', () => {
    const ledger = assigned(0, 1)
    const [a, b, c] = [add(ledger, 0, 0, 9), add(ledger, 0, 10, 19), add(ledger, 0, 20, 29)]
    const other = add(ledger, 1, 5, 5)
    ledger.stored(c)
    ledger.stored(b)
    expect(ledger.toCommit()).toEqual([])
    ledger.stored(a)
    ledger.stored(other)
    expect(ledger.toCommit()).toEqual([
      { topic, partition: 0, offset: 30n },
      { topic, partition: 1, offset: 6n },
    ])
    ledger.committed(ledger.toCommit())
    expect(ledger.toCommit()).toEqual([])
  })

  it('takes nothing of a partition that is not ours', () => {
    const ledger = assigned(0)
    expect(ledger.add(chunkOf(1, 0, 9))).toBeUndefined()
  })

  it('never moves an offset by work of an earlier assignment', () => {
    const ledger = assigned(0)
    const old = add(ledger, 0, 0, 9)
    ledger.assign([{ topic, partition: 0 }])
    expect(ledger.isCurrent(old)).toBe(false)
    const again = add(ledger, 0, 0, 4)
    ledger.stored(old)
    expect(ledger.toCommit()).toEqual([])
    expect(ledger.isCurrent(again)).toBe(true)
    ledger.stored(again)
    expect(ledger.toCommit()).toEqual([{ topic, partition: 0, offset: 5n }])
  })

  it('begins anew at a seek, backwards too, and commits that', () => {
    const ledger = assigned(0)
    const old = add(ledger, 0, 50, 99)
    ledger.restart({ topic, partition: 0, offset: 7n })
    ledger.restart({ topic, partition: 8, offset: 7n }) // not ours
    ledger.stored(old)
    expect(ledger.toCommit()).toEqual([{ topic, partition: 0, offset: 7n }])
    expect(ledger.entries()).toHaveLength(1)
  })
})

describe('the lag of a partition', () => {
  it('is unknown before the end is, then counts what is not stored and how old it is', () => {
    const ledger = assigned(0)
    const entry = ledger.entry({ topic, partition: 0 })!
    expect(lagOf(entry, 0)).toMatchObject({ lag_records: null, lag_seconds: null, end_offset: null })
    entry.end = 30n
    const a = add(ledger, 0, 10, 19)
    expect(lagOf(entry, 25_000)).toMatchObject({ lag_records: 20, lag_seconds: 15, stored_offset: null })
    ledger.stored(a)
    expect(lagOf(entry, 25_000)).toMatchObject({ lag_records: 10, lag_seconds: 6, stored_offset: '20' })
    ledger.stored(add(ledger, 0, 20, 29))
    expect(lagOf(entry, 99_000)).toMatchObject({ lag_records: 0, lag_seconds: 0 })
  })

  it('is not negative where the log became shorter', () => {
    const entry = assigned(0).entry({ topic, partition: 0 })!
    entry.committed = 10n
    entry.end = 3n
    expect(lagOf(entry, 0)).toMatchObject({ lag_records: 0 })
  })
})
