/**
 * Chunks that were read and wait to be stored: a queue bounded by bytes. Readers may overshoot by what one fetch brought;
 * `isFull` then holds them until half of it is gone.
 */
import type { Tracked } from './partition-ledger.ts'

export type ChunkBuffer<R> = {
  add(tracked: Tracked<R>): void
  /**
   * Waits for the next chunks, up to `maxRecords` together (one larger chunk comes alone): as soon as so many are there,
   * or the first has waited `lingerMs`, or the buffer is full. undefined after close(). Several may wait at a time.
   */
  take(): Promise<readonly Tracked<R>[] | undefined>
  /** The chunks are stored or given back: their bytes count no longer. */
  release(chunks: readonly Tracked<R>[]): void
  /** Drops what nobody has taken and holds true for the chunk. */
  drop(isDropped: (tracked: Tracked<R>) => boolean): void
  /** Full: at `maxBytes`, until half is free again. */
  readonly isFull: boolean
  readonly bytes: number
  /** Resolves once the buffer is not full, or after `ms`. */
  untilRoom(ms: number): Promise<void>
  close(): void
}

export function createChunkBuffer<R>(options: {
  readonly maxRecords: number
  readonly maxBytes: number
  readonly lingerMs: number
}): ChunkBuffer<R> {
  const queue: Tracked<R>[] = []
  let records = 0
  let bytes = 0
  let isFull = false
  let isDue = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  const takers: ((chunks: readonly Tracked<R>[] | undefined) => void)[] = []
  const roomWaiters = new Set<() => void>()

  function serve(): void {
    while (takers.length > 0 && (isClosed || isReady())) takers.shift()?.(isClosed ? undefined : takeNow())
    if (queue.length > 0 && !isDue) timer ??= setTimeout(onDue, options.lingerMs)
  }

  function isReady(): boolean {
    return queue.length > 0 && (isDue || isFull || records >= options.maxRecords)
  }

  function onDue(): void {
    timer = undefined
    isDue = true
    serve()
  }

  function takeNow(): readonly Tracked<R>[] {
    const taken: Tracked<R>[] = []
    let count = 0
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (taken.length > 0 && count + first.chunk.records.length > options.maxRecords) break
      queue.shift()
      taken.push(first)
      count += first.chunk.records.length
    }
    records -= count
    if (queue.length === 0) rest()
    return taken
  }

  function rest(): void {
    isDue = false
    clearTimeout(timer)
    timer = undefined
  }

  function free(chunks: readonly Tracked<R>[]): void {
    for (const { chunk } of chunks) bytes -= chunk.bytes
    if (bytes > options.maxBytes / 2) return
    isFull = false
    for (const wake of roomWaiters) wake()
    roomWaiters.clear()
  }

  return {
    add(tracked) {
      queue.push(tracked)
      records += tracked.chunk.records.length
      bytes += tracked.chunk.bytes
      if (bytes >= options.maxBytes) isFull = true
      serve()
    },
    take: () =>
      new Promise((resolve) => {
        takers.push(resolve)
        serve()
      }),
    release: free,
    drop(isDropped) {
      const dropped = queue.filter(isDropped)
      const kept = queue.filter((tracked) => !isDropped(tracked))
      queue.splice(0, queue.length, ...kept)
      for (const { chunk } of dropped) records -= chunk.records.length
      if (queue.length === 0) rest()
      free(dropped)
    },
    get isFull() {
      return isFull
    },
    get bytes() {
      return bytes
    },
    untilRoom(ms) {
      if (!isFull) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const wake = () => resolve(undefined)
      const timeout = setTimeout(wake, ms)
      roomWaiters.add(wake)
      return promise.then(() => {
        clearTimeout(timeout)
        roomWaiters.delete(wake)
      })
    },
    close() {
      isClosed = true
      rest()
      serve()
    },
  }
}
