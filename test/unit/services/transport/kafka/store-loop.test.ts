import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../../services/runtime/errors.ts'
import { createLogger } from '../../../../../services/runtime/logging.ts'
import { createChunkBuffer } from '../../../../../services/transport/kafka/chunk-buffer.ts'
import { createCommitter } from '../../../../../services/transport/kafka/committer.ts'
import {
  type Chunk,
  createPartitionLedger,
  type PartitionOffset,
  type Tracked,
} from '../../../../../services/transport/kafka/partition-ledger.ts'
import { runStoreLoop } from '../../../../../services/transport/kafka/store-loop.ts'

const log = createLogger({ level: 'silent', service: 'test' })
const down = new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })

function setUp(handle: (chunks: readonly Chunk<number>[]) => Promise<void>) {
  const ledger = createPartitionLedger()
  ledger.assign([{ topic: 't', partition: 0 }])
  const buffer = createChunkBuffer<number>({ maxRecords: 1, maxBytes: 100, lingerMs: 1 })
  const stopping = new AbortController()
  const blocked: (string | undefined)[] = []
  const faults: unknown[] = []
  const loop = runStoreLoop({
    buffer,
    ledger,
    handle,
    log,
    stopping: stopping.signal,
    onStored: () => undefined,
    onBlocked: (error) => blocked.push(error?.code),
    onFault: (error) => faults.push(error),
  })
  function add(offset: number): Tracked<number> {
    const at = BigInt(offset)
    const chunk = {
      topic: 't',
      partition: 0,
      firstOffset: at,
      lastOffset: at,
      firstTime: 0,
      lastTime: 0,
      bytes: 1,
      records: [offset],
    }
    const tracked = ledger.add(chunk) as Tracked<number>
    buffer.add(tracked)
    return tracked
  }
  const stop = async () => {
    stopping.abort()
    buffer.close()
    await loop
  }
  return { ledger, buffer, blocked, faults, add, stop }
}

describe('storing what was read', () => {
  it('tries the same again until it is stored, and commits nothing before', async () => {
    const handled: bigint[] = []
    const { ledger, blocked, add, stop } = setUp((chunks) => {
      handled.push(...chunks.map(({ firstOffset }) => firstOffset))
      return handled.length < 3 ? Promise.reject(down) : Promise.resolve()
    })
    add(7)
    await expect.poll(() => ledger.toCommit()).toEqual([{ topic: 't', partition: 0, offset: 8n }])
    expect(handled).toEqual([7n, 7n, 7n])
    expect(blocked).toEqual(['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE', undefined])
    await stop()
  })

  it('lets go of what was taken from us while it failed', async () => {
    let calls = 0
    const { ledger, buffer, add, stop } = setUp(() => {
      calls++
      return Promise.reject(down)
    })
    add(7)
    await expect.poll(() => calls).toBeGreaterThan(1)
    ledger.assign([])
    await expect.poll(() => buffer.bytes).toBe(0)
    const before = calls
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(calls).toBe(before)
    await stop()
  })

  it('gives back what it could not store when it is stopped', async () => {
    const { ledger, add, stop } = setUp(() => Promise.reject(down))
    add(7)
    await stop()
    expect(ledger.toCommit()).toEqual([])
  })

  it('reports a fault of ours once and does not try it again', async () => {
    let calls = 0
    const fault = new TypeError('a bug')
    const { ledger, faults, add, stop } = setUp(() => {
      calls++
      return Promise.reject(fault)
    })
    add(7)
    await expect.poll(() => faults).toEqual([fault])
    expect(calls).toBe(1)
    await stop()
    expect(ledger.toCommit()).toEqual([])
  })
})

describe('committing', () => {
  it('sends the newest offsets, one request at a time, and again after a failure', async () => {
    const ledger = createPartitionLedger()
    ledger.assign([{ topic: 't', partition: 0 }])
    const requests: bigint[] = []
    let isDown = true
    let running = 0
    const commit = async (offsets: readonly PartitionOffset[]) => {
      expect(++running).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
      requests.push(...offsets.map(({ offset }) => offset))
      if (isDown) throw new Error('rebalancing')
    }
    const committer = createCommitter({ ledger, log, commit: () => commit })
    for (const at of [0n, 1n, 2n]) {
      const chunk = {
        topic: 't',
        partition: 0,
        firstOffset: at,
        lastOffset: at,
        firstTime: 0,
        lastTime: 0,
        bytes: 1,
        records: [],
      }
      ledger.stored(ledger.add(chunk) as Tracked<unknown>)
      committer.poke()
    }
    await expect.poll(() => requests.length).toBe(1)
    isDown = false
    await expect.poll(() => requests, { timeout: 5_000 }).toEqual([1n, 3n])
    expect(ledger.toCommit()).toEqual([])
    await committer.finish(100)
  })

  it('ends within its deadline when the broker hangs', async () => {
    const ledger = createPartitionLedger()
    ledger.assign([{ topic: 't', partition: 0 }])
    ledger.restart({ topic: 't', partition: 0, offset: 5n })
    const committer = createCommitter({ ledger, log, commit: () => () => new Promise(() => undefined) })
    await expect(committer.finish(50)).resolves.toBeUndefined()
  })
})
