/** How far behind each partition is: in records and in seconds. */
import type { Admin } from 'kafkajs'
import type { PartitionEntry, PartitionLedger } from './partition-ledger.ts'

export type PartitionLag = {
  readonly topic: string
  readonly partition: number
  /** Records that are at the broker and not stored; null until known. */
  readonly lag_records: number | null
  /** Age of the oldest record that is not stored, as far as it was read; 0 without lag; null until known. */
  readonly lag_seconds: number | null
  /** One beyond the last record stored, in decimal; null before the first. */
  readonly stored_offset: string | null
  /** One beyond the last record at the broker, in decimal. */
  readonly end_offset: string | null
}

export function lagOf(entry: PartitionEntry, nowMs: number): PartitionLag {
  const { end } = entry
  const stored = entry.stored ?? entry.committed
  const from = stored ?? entry.open[0]?.chunk.firstOffset
  const records = end === undefined || from === undefined ? null : Number(end > from ? end - from : 0n)
  return {
    topic: entry.topic,
    partition: entry.partition,
    lag_records: records,
    lag_seconds: secondsOf(entry, records, nowMs),
    stored_offset: stored === undefined ? null : String(stored),
    end_offset: end === undefined ? null : String(end),
  }
}

function secondsOf(entry: PartitionEntry, records: number | null, nowMs: number): number | null {
  if (records === null) return null
  if (records === 0) return 0
  // Not read yet: it came after the last that was stored.
  const since = entry.open[0]?.chunk.firstTime ?? entry.storedTime
  return since === undefined ? null : Math.max(0, Math.round((nowMs - since) / 100) / 10)
}

/** Asks the brokers for the ends of our partitions. Rejects with kafkajs' errors. */
export async function refreshEnds(admin: Admin, ledger: PartitionLedger): Promise<void> {
  const topics = new Set(ledger.entries().map(({ topic }) => topic))
  for (const topic of topics) {
    for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
      const entry = ledger.entry({ topic, partition })
      if (entry !== undefined) entry.end = BigInt(high)
    }
  }
}
