/**
 * Messages on their way to the broker, in one queue a partition, so that the order of a device's events holds and every
 * record batch fits its topic. A round is what is sent at once: of every partition as much as one record batch may hold.
 */
import type { TopicName } from '../../../schemas/topics.ts'
import { BATCH_BYTES, type Message } from './encode-message.ts'

export type Queued<Owner> = {
  readonly topic: TopicName
  readonly partition: number
  readonly message: Message
  /** Whose it is: told when it is through, or not. */
  readonly owner: Owner
}

export type Round<Owner> = {
  readonly parts: readonly (readonly Queued<Owner>[])[]
  /** Alone larger than the topic takes; no longer in the queue. */
  readonly tooLarge: readonly Queued<Owner>[]
}

export type ProduceQueue<Owner> = {
  add(queued: Queued<Owner>): void
  /** Puts a round's parts back where they came from. */
  putBack(round: Round<Owner>): void
  /** Takes the next round; empty when there is nothing. `limits`: max.message.bytes. */
  take(limits: Readonly<Record<TopicName, number>>): Round<Owner>
  /** Takes everything out that `owner` still has in it. */
  remove(isRemoved: (owner: Owner) => boolean): void
  readonly isEmpty: boolean
}

/** kafkajs groups by partition in quadratic time: more messages a batch cost more than they save. */
const MAX_MESSAGES = 2_000

export function createProduceQueue<Owner>(): ProduceQueue<Owner> {
  const queues = new Map<string, Queued<Owner>[]>()

  function queueOf({ topic, partition }: Queued<Owner>): Queued<Owner>[] {
    const name = `${topic}/${partition}`
    const queue = queues.get(name) ?? []
    queues.set(name, queue)
    return queue
  }

  return {
    add(queued) {
      queueOf(queued).push(queued)
    },
    putBack({ parts }) {
      for (const part of parts) if (part[0] !== undefined) queueOf(part[0]).unshift(...part)
    },
    take(limits) {
      const parts: Queued<Owner>[][] = []
      const tooLarge: Queued<Owner>[] = []
      for (const [name, queue] of queues) {
        const part = takePart(queue, limits, tooLarge)
        if (part.length > 0) parts.push(part)
        if (queue.length === 0) queues.delete(name)
      }
      return { parts, tooLarge }
    },
    remove(isRemoved) {
      for (const [name, queue] of queues) {
        const kept = queue.filter(({ owner }) => !isRemoved(owner))
        if (kept.length === 0) queues.delete(name)
        else queues.set(name, kept)
      }
    },
    get isEmpty() {
      return queues.size === 0
    },
  }
}

/** Takes from the front what fits one record batch; what never fits goes to `tooLarge`. */
function takePart<Owner>(
  queue: Queued<Owner>[],
  limits: Readonly<Record<TopicName, number>>,
  tooLarge: Queued<Owner>[],
): Queued<Owner>[] {
  const part: Queued<Owner>[] = []
  let bytes = BATCH_BYTES
  let taken = 0
  for (const queued of queue) {
    const limit = limits[queued.topic]
    if (queued.message.bytes + BATCH_BYTES > limit) {
      tooLarge.push(queued)
    } else {
      if (bytes + queued.message.bytes > limit || part.length >= MAX_MESSAGES) break
      bytes += queued.message.bytes
      part.push(queued)
    }
    taken++
  }
  queue.splice(0, taken)
  return part
}
