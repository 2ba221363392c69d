/** Where a new share of partitions begins: at what the group committed, else at the start that was asked for; and what retention took before that. */
import type { Admin } from 'kafkajs'
import type { PartitionEntry, PartitionId, PartitionLedger, PartitionOffset } from './partition-ledger.ts'
import { committedOffsets, offsetsAt, type Position } from './positions.ts'

export type Gap = PartitionId & {
  /** The first offset that is gone and the first that is there. */
  readonly from: bigint
  readonly to: bigint
}

/**
 * Fills the entries of the ledger that are current now. Returns the partitions to be read from elsewhere than kafkajs would
 * (it takes the commit, else the earliest), and what was deleted before it was read. Rejects with kafkajs' errors.
 */
export async function findStarts(
  admin: Admin,
  ledger: PartitionLedger,
  options: { readonly groupId: string; readonly start: Position },
): Promise<{ readonly seeks: readonly PartitionOffset[]; readonly gaps: readonly Gap[] }> {
  const entries = ledger.entries()
  const topics = [...new Set(entries.map(({ topic }) => topic))]
  const committed = index(await committedOffsets(admin, options.groupId, topics))
  const lows = index((await Promise.all(topics.map((topic) => offsetsAt(admin, topic, 'earliest')))).flat())
  const fresh = new Set(entries.filter((entry) => !committed.has(idOf(entry))).map(({ topic }) => topic))
  const needsStart = options.start === 'earliest' ? [] : [...fresh]
  const starts = index((await Promise.all(needsStart.map((topic) => offsetsAt(admin, topic, options.start)))).flat())
  const seeks: PartitionOffset[] = []
  const gaps: Gap[] = []
  for (const entry of entries) {
    if (ledger.entry(entry) !== entry) continue // taken from us meanwhile
    const low = lows.get(idOf(entry)) ?? 0n
    const at = committed.get(idOf(entry))
    const start = starts.get(idOf(entry))
    if (at !== undefined) {
      begin(entry, at, low)
      if (at < low) gaps.push({ topic: entry.topic, partition: entry.partition, from: at, to: low })
    } else if (start !== undefined) {
      seeks.push({ topic: entry.topic, partition: entry.partition, offset: start })
    } else begin(entry, low, low)
  }
  return { seeks, gaps }
}

function begin(entry: PartitionEntry, committed: bigint, low: bigint): void {
  entry.committed = committed
  entry.next = committed < low ? low : committed
}

function index(offsets: readonly PartitionOffset[]): Map<string, bigint> {
  return new Map(offsets.map((at) => [idOf(at), at.offset]))
}

function idOf({ topic, partition }: PartitionId): string {
  return `${topic}/${partition}`
}
