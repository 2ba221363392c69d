/** Where to read from: the beginning, the end, or the first message that a broker got at a time or later. */
import type { Admin } from 'kafkajs'
import { AppError } from '../../runtime/errors.ts'
import type { PartitionOffset } from './partition-ledger.ts'

/** `earliest`, `latest` or an ISO 8601 time with its zone. */
export type Position = string

/** Milliseconds since 1970 for a time. Throws SETTINGS_INVALID when it is none. */
export function parsePosition(position: Position): 'earliest' | 'latest' | number {
  if (position === 'earliest' || position === 'latest') return position
  const time = Date.parse(position)
  if (!Number.isNaN(time) && /(Z|[+-]\d{2}:\d{2})$/.test(position)) return time
  throw new AppError('SETTINGS_INVALID', `a position is earliest, latest or a time with its zone, not ${position}`)
}

/** The offsets of every partition of `topic` at `position`. Beyond the last message it is the end. */
export async function offsetsAt(admin: Admin, topic: string, position: Position): Promise<readonly PartitionOffset[]> {
  const at = parsePosition(position)
  const found =
    typeof at === 'number'
      ? await admin.fetchTopicOffsetsByTimestamp(topic, at)
      : (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({
          partition,
          offset: at === 'earliest' ? low : high,
        }))
  return found.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) }))
}

/** What the group has committed; partitions without a commit are left out. */
export async function committedOffsets(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<readonly PartitionOffset[]> {
  const found = await admin.fetchOffsets({ groupId, topics: [...topics] })
  return found.flatMap(({ topic, partitions }) =>
    partitions
      .map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) }))
      .filter(({ offset }) => offset >= 0n),
  )
}
