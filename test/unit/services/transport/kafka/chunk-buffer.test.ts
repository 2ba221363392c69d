import { describe, expect, it } from 'vitest'
import { createChunkBuffer } from '../../../../../services/transport/kafka/chunk-buffer.ts'
import { createPartitionLedger, type Tracked } from '../../../../../services/transport/kafka/partition-ledger.ts'

const LONG_MS = 60_000
const ledger = createPartitionLedger()
ledger.assign([{ topic: 't', partition: 0 }])
let offset = 0n

function tracked(records: number, bytes = 10): Tracked<number> {
  const firstOffset = offset
  offset += BigInt(records)
  const made = ledger.add({
    topic: 't',
    partition: 0,
    firstOffset,
    lastOffset: offset - 1n,
    firstTime: 0,
    lastTime: 0,
    bytes,
    records: Array.from({ length: records }, (_, at) => at),
  })
  return made as Tracked<number>
}

const isPending = (work: Promise<unknown>) => Promise.race([work.then(() => false), Promise.resolve(true)])

describe('the buffer of chunks', () => {
  it('hands over when so many records are there, and no more than that', async () => {
    const buffer = createChunkBuffer<number>({ maxRecords: 10, maxBytes: 1_000, lingerMs: LONG_MS })
    const taking = buffer.take()
    const chunks = [tracked(4), tracked(4), tracked(4)]
    buffer.add(chunks[0]!)
    buffer.add(chunks[1]!)
    expect(await isPending(taking)).toBe(true)
    buffer.add(chunks[2]!)
    expect(await taking).toEqual([chunks[0], chunks[1]])
    expect(await isPending(buffer.take())).toBe(true)
    buffer.close()
  })

  it('hands over one chunk that is larger than that, alone', async () => {
    const buffer = createChunkBuffer<number>({ maxRecords: 10, maxBytes: 1_000, lingerMs: LONG_MS })
    const large = tracked(25)
    buffer.add(large)
    buffer.add(tracked(3))
    expect(await buffer.take()).toEqual([large])
    buffer.close()
  })

  it('hands over what is there when the first has waited long enough', async () => {
    const buffer = createChunkBuffer<number>({ maxRecords: 10, maxBytes: 1_000, lingerMs: 20 })
    const first = tracked(1)
    const taking = buffer.take()
    buffer.add(first)
    expect(await taking).toEqual([first])
    buffer.close()
  })

  it('is full at its bytes until half of them are released; a full one hands over at once', async () => {
    const buffer = createChunkBuffer<number>({ maxRecords: 1_000, maxBytes: 100, lingerMs: LONG_MS })
    const chunks = [tracked(1, 40), tracked(1, 40), tracked(1, 40)]
    for (const chunk of chunks) buffer.add(chunk)
    expect(buffer.isFull).toBe(true)
    expect(await buffer.take()).toEqual(chunks)
    const room = buffer.untilRoom(LONG_MS)
    buffer.release([chunks[0]!])
    expect([buffer.isFull, buffer.bytes]).toEqual([true, 80])
    buffer.release([chunks[1]!])
    await room
    expect([buffer.isFull, buffer.bytes]).toEqual([false, 40])
    await buffer.untilRoom(LONG_MS)
    buffer.close()
  })

  it('forgets what is dropped', async () => {
    const buffer = createChunkBuffer<number>({ maxRecords: 5, maxBytes: 100, lingerMs: LONG_MS })
    const chunks = [tracked(2, 60), tracked(2, 60)]
    for (const chunk of chunks) buffer.add(chunk)
    buffer.drop((one) => one === chunks[0])
    expect([buffer.isFull, buffer.bytes]).toEqual([true, 60])
    buffer.drop(() => true)
    expect([buffer.isFull, buffer.bytes]).toEqual([false, 0])
    expect(await isPending(buffer.take())).toBe(true)
    buffer.close()
  })

  it('ends every wait when it is closed, at once', async () => {
    const buffer = createChunkBuffer<number>({ maxRecords: 5, maxBytes: 100, lingerMs: LONG_MS })
    const takes = [buffer.take(), buffer.take()]
    buffer.close()
    expect(await Promise.all(takes)).toEqual([undefined, undefined])
    buffer.add(tracked(1))
    expect(await buffer.take()).toBeUndefined()
  })
})
