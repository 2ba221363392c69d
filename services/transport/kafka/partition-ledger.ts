/**
 * What this consumer has read of its partitions and how far each is stored. Chunks of a partition are committed in their
 * order, whatever order they were stored in. A new assignment, or a seek, begins a new entry: work of the old one may still
 * be stored (harmless: it comes again, under the same keys), but never moves an offset.
 */

export type PartitionId = { readonly topic: string; readonly partition: number }

/** Consecutive records of one partition, as the broker gave them. Times in milliseconds since 1970. */
export type Chunk<R> = PartitionId & {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly firstTime: number
  readonly lastTime: number
  /** Of keys and values. */
  readonly bytes: number
  readonly records: readonly R[]
}

export type Tracked<R> = { readonly chunk: Chunk<R>; readonly entry: PartitionEntry; isStored: boolean }

export type PartitionEntry = PartitionId & {
  /** In the order they were read; those at the front that are stored leave. */
  readonly open: { readonly chunk: Chunk<unknown>; isStored: boolean }[]
  /** Everything before it is stored; undefined until something was, or a start was set. */
  stored: bigint | undefined
  committed: bigint | undefined
  /** The next offset to be read. */
  next: bigint | undefined
  /** One beyond the last message of the partition, as last heard. */
  end: bigint | undefined
  /** When the last stored record was appended. */
  storedTime: number | undefined
}

export type PartitionOffset = PartitionId & { readonly offset: bigint }

export type PartitionLedger = {
  /** Replaces all entries. */
  assign(partitions: readonly PartitionId[]): void
  /** Begins an entry anew at `offset`; nothing happens when the partition is not ours. */
  restart(at: PartitionOffset): void
  entry(id: PartitionId): PartitionEntry | undefined
  entries(): readonly PartitionEntry[]
  /** undefined when the partition is not ours. */
  add<R>(chunk: Chunk<R>): Tracked<R> | undefined
  isCurrent(tracked: Tracked<unknown>): boolean
  stored(tracked: Tracked<unknown>): void
  /** Offsets that are stored and not committed. */
  toCommit(): readonly PartitionOffset[]
  committed(offsets: readonly PartitionOffset[]): void
}

export function createPartitionLedger(): PartitionLedger {
  const entries = new Map<string, PartitionEntry>()
  const idOf = ({ topic, partition }: PartitionId) => `${topic}/${partition}`

  function begin(id: PartitionId, offset: bigint | undefined, committed: bigint | undefined): void {
    entries.set(idOf(id), {
      topic: id.topic,
      partition: id.partition,
      open: [],
      stored: offset,
      committed,
      next: offset,
      end: undefined,
      storedTime: undefined,
    })
  }

  return {
    assign(partitions) {
      entries.clear()
      for (const id of partitions) begin(id, undefined, undefined)
    },
    restart(at) {
      const old = entries.get(idOf(at))
      if (old !== undefined) begin(at, at.offset, undefined)
    },
    entry: (id) => entries.get(idOf(id)),
    entries: () => [...entries.values()],
    add(chunk) {
      const entry = entries.get(idOf(chunk))
      if (entry === undefined) return undefined
      const tracked = { chunk, entry, isStored: false }
      entry.open.push(tracked)
      entry.next = chunk.lastOffset + 1n
      return tracked
    },
    isCurrent: ({ entry }) => entries.get(idOf(entry)) === entry,
    stored(tracked) {
      tracked.isStored = true
      const { open } = tracked.entry
      for (let first = open[0]; first?.isStored === true; first = open[0]) {
        open.shift()
        tracked.entry.stored = first.chunk.lastOffset + 1n
        tracked.entry.storedTime = first.chunk.lastTime
      }
    },
    toCommit: () =>
      [...entries.values()].flatMap(({ topic, partition, stored, committed }) =>
        stored === undefined || stored === committed ? [] : [{ topic, partition, offset: stored }],
      ),
    committed(offsets) {
      for (const at of offsets) {
        const entry = entries.get(idOf(at))
        if (entry !== undefined) entry.committed = at.offset
      }
    },
  }
}
