import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../services/runtime/errors.ts'
import {
  createDirectTransport,
  type DirectTransportDeps,
} from '../../../../services/transport/direct/direct-transport.ts'
import type { Batch, Receipt, Transport } from '../../../../services/transport/transport.ts'
import { batchOf, receiptOf, testTransport } from '../../../contract/transport.ts'

const limits = { maxBatchEvents: 100, maxWaitMs: 5, maxPendingEvents: 1000, inFlight: 2 }

testTransport('direct', (handle) =>
  Promise.resolve({ transport: createDirectTransport({ ...limits, handle }), waitsForStore: true }),
)

async function started(deps: Partial<DirectTransportDeps> & Pick<DirectTransportDeps, 'handle'>): Promise<Transport> {
  const transport = createDirectTransport({ ...limits, ...deps })
  await transport.start()
  return transport
}

/** A handler whose hand-overs the test finishes by hand. */
function manualHandler() {
  const calls: { readonly batches: readonly Batch[]; finish(): void; fail(error: unknown): void }[] = []
  const handle = (batches: readonly Batch[]): Promise<readonly Receipt[]> =>
    new Promise((resolve, reject) => {
      calls.push({ batches, finish: () => resolve(batches.map(receiptOf)), fail: reject })
    })
  return { calls, handle }
}

const ids = (batches: readonly Batch[]): string[] => batches.map(({ batchId }) => batchId)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('direct transport', () => {
  it('puts small sends together and hands a full micro-batch over at once', async () => {
    const { calls, handle } = manualHandler()
    const transport = await started({ handle, maxWaitMs: 60_000, maxBatchEvents: 10 })
    const sends = [transport.send(batchOf('a', 4)), transport.send(batchOf('b', 4)), transport.send(batchOf('c', 4))]
    expect(calls.map(({ batches }) => ids(batches))).toEqual([['a', 'b']])
    calls[0]!.finish()
    expect(await sends[0]).toEqual(receiptOf(batchOf('a', 4)))
    const stopped = transport.stop()
    expect(calls.map(({ batches }) => ids(batches))).toEqual([['a', 'b'], ['c']])
    calls[1]!.finish()
    await stopped
    await Promise.all(sends)
  })

  it('waits for more only as long as it may', async () => {
    const { calls, handle } = manualHandler()
    const transport = await started({ handle, maxWaitMs: 10 })
    const send = transport.send(batchOf('a', 1))
    expect(calls).toHaveLength(0)
    await expect.poll(() => calls.length).toBe(1)
    calls[0]!.finish()
    await send
    await transport.stop()
  })

  it('hands over a batch that is larger than everything allowed, alone and whole', async () => {
    const { calls, handle } = manualHandler()
    const transport = await started({ handle, maxBatchEvents: 10, maxPendingEvents: 20 })
    const send = transport.send(batchOf('large', 50))
    expect(calls[0]!.batches[0]!.events).toHaveLength(50)
    calls[0]!.finish()
    expect((await send).stored).toBe(50)
    await transport.stop()
  })

  it('resolves no send before its hand-over is done', async () => {
    const { calls, handle } = manualHandler()
    const transport = await started({ handle, maxBatchEvents: 1 })
    const done: string[] = []
    const sends = ['a', 'b'].map((id) => transport.send(batchOf(id, 1)).then(() => done.push(id)))
    await turn()
    expect(done).toEqual([])
    calls[1]!.finish()
    await sends[1]
    expect(done).toEqual(['b'])
    calls[0]!.finish()
    await Promise.all(sends)
    await transport.stop()
  })

  it('handles no more micro-batches at the same time than it may', async () => {
    const { calls, handle } = manualHandler()
    const transport = await started({ handle, maxBatchEvents: 1, inFlight: 2 })
    const sends = Array.from({ length: 5 }, (_, at) => transport.send(batchOf(`b${at}`, 1)))
    for (let finished = 0; finished < 5; finished++) {
      await turn()
      expect(calls.length - finished).toBeLessThanOrEqual(2)
      calls[finished]!.finish()
      await sends[finished]
    }
    await transport.stop()
  })

  it('lets senders wait, in order, while too much is pending, and goes on when there is room', async () => {
    const { calls, handle } = manualHandler()
    const transport = await started({
      handle,
      maxBatchEvents: 10,
      maxPendingEvents: 20,
      inFlight: 1,
      maxWaitMs: 60_000,
    })
    const sends = ['a', 'b', 'c', 'd'].map((id) => transport.send(batchOf(id, 10)))
    await turn()
    expect(calls.map(({ batches }) => ids(batches))).toEqual([['a']])
    for (let at = 0; at < 4; at++) {
      calls[at]!.finish()
      await sends[at]
      await turn()
    }
    expect(calls.map(({ batches }) => ids(batches))).toEqual([['a'], ['b'], ['c'], ['d']])
    await transport.stop()
  })

  it('does not linger while senders wait for room', async () => {
    const { calls, handle } = manualHandler()
    const transport = await started({ handle, maxBatchEvents: 100, maxPendingEvents: 10, maxWaitMs: 60_000 })
    const sends = ['a', 'b'].map((id) => transport.send(batchOf(id, 10)))
    await turn()
    expect(ids(calls[0]!.batches)).toEqual(['a'])
    calls[0]!.finish()
    await sends[0]
    await turn()
    const stopped = transport.stop()
    calls[1]!.finish()
    await Promise.all([...sends, stopped])
  })

  it('rejects every send of a micro-batch, to be sent again, when the store is down', async () => {
    const down = new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })
    let attempts = 0
    const transport = await started({
      handle: () => {
        attempts++
        return Promise.reject(down)
      },
    })
    const results = await Promise.allSettled(['a', 'b', 'c'].map((id) => transport.send(batchOf(id, 1))))
    expect(results).toEqual(Array(3).fill({ status: 'rejected', reason: down }))
    expect(attempts).toBe(1)
    await transport.stop()
  })

  it.each([
    ['refuses', new AppError('STORE_REFUSED', 'no')],
    ['breaks on', new TypeError('bug')],
  ])("fails only the batch that the handler %s, and not its neighbours'", async (_, fault) => {
    const transport = await started({
      handle: (batches) =>
        batches.some(({ batchId }) => batchId === 'bad')
          ? Promise.reject(fault)
          : Promise.resolve(batches.map(receiptOf)),
    })
    const [a, bad, c] = await Promise.allSettled(['a', 'bad', 'c'].map((id) => transport.send(batchOf(id, 2))))
    expect([a?.status, bad, c?.status]).toEqual(['fulfilled', { status: 'rejected', reason: fault }, 'fulfilled'])
    await transport.stop()
  })

  it('fails like any other when the handler throws at once or loses a receipt', async () => {
    const throwing = await started({
      handle: () => {
        throw new TypeError('bug')
      },
    })
    await expect(throwing.send(batchOf('a', 1))).rejects.toThrow('bug')
    await throwing.stop()
    const losing = await started({ handle: () => Promise.resolve([]) })
    await expect(losing.send(batchOf('a', 1))).rejects.toMatchObject({ code: 'INTERNAL' })
    await losing.stop()
  })

  it('finishes on stop what waits for room, even when some of it fails', async () => {
    let count = 0
    const transport = await started({
      maxBatchEvents: 1,
      maxPendingEvents: 1,
      inFlight: 1,
      handle: (batches) =>
        count++ % 2 === 1
          ? Promise.reject(new AppError('STORE_UNAVAILABLE', 'down', { retryable: true }))
          : Promise.resolve(batches.map(receiptOf)),
    })
    const sends = Array.from({ length: 6 }, (_, at) => transport.send(batchOf(`b${at}`, 1)))
    const settled = Promise.allSettled(sends)
    await transport.stop()
    expect((await settled).map(({ status }) => status)).toEqual(Array(3).fill(['fulfilled', 'rejected']).flat())
  })

  it('refuses sends before it was started', async () => {
    const transport = createDirectTransport({ ...limits, handle: () => Promise.resolve([]) })
    await expect(transport.send(batchOf('a', 1))).rejects.toMatchObject({ code: 'STOPPING', retryable: true })
    await transport.stop()
  })

  it('loses and repeats nothing over thousands of sends of random size with random failures', async () => {
    const stored = new Map<string, number>()
    let seed = 7
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
    const transport = await started({
      maxBatchEvents: 50,
      maxPendingEvents: 120,
      maxWaitMs: 1,
      handle: async (batches) => {
        if (random(3) === 0) await turn()
        if (random(10) === 0) throw new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })
        for (const { batchId } of batches) stored.set(batchId, (stored.get(batchId) ?? 0) + 1)
        return batches.map(receiptOf)
      },
    })
    const sendUntilStored = async (batch: Batch): Promise<void> => {
      for (;;) {
        const receipt = await transport.send(batch).catch(() => undefined)
        if (receipt === undefined) continue
        expect(receipt).toEqual(receiptOf(batch))
        return
      }
    }
    await Promise.all(Array.from({ length: 3000 }, (_, at) => sendUntilStored(batchOf(`b${at}`, random(40)))))
    await transport.stop()
    expect(stored.size).toBe(3000)
    expect(new Set(stored.values())).toEqual(new Set([1]))
  })
})
