import { describe, expect, it } from 'vitest'
import { BATCH_BYTES, type Message } from '../../../../../services/transport/kafka/encode-message.ts'
import { createProduceQueue, type Queued } from '../../../../../services/transport/kafka/produce-queue.ts'

const limits = { events: BATCH_BYTES + 100, dead_letters: BATCH_BYTES + 1_000 }

function queued(name: string, bytes: number, partition = 0, topic: Queued<string>['topic'] = 'events'): Queued<string> {
  const message: Message = { key: Buffer.from(''), value: Buffer.from(name), headers: {}, bytes }
  return { topic, partition, message, owner: name }
}

describe('the queue of messages', () => {
  it('takes of every partition what one record batch may hold, in order', () => {
    const queue = createProduceQueue<string>()
    const messages = [
      queued('a', 60),
      queued('b', 60),
      queued('c', 40),
      queued('d', 60, 1),
      queued('l', 900, 0, 'dead_letters'),
    ]
    for (const message of messages) queue.add(message)
    const names = () => queue.take(limits).parts.map((part) => part.map(({ owner }) => owner))
    expect(names()).toEqual([['a'], ['d'], ['l']])
    expect(names()).toEqual([['b', 'c']])
    expect(queue.isEmpty).toBe(true)
    expect(queue.take(limits)).toEqual({ parts: [], tooLarge: [] })
  })

  it('puts aside what never fits, and takes what is behind it', () => {
    const queue = createProduceQueue<string>()
    for (const message of [queued('a', 50), queued('large', 101), queued('b', 50)]) queue.add(message)
    const round = queue.take(limits)
    expect(round.parts.flat().map(({ owner }) => owner)).toEqual(['a', 'b'])
    expect(round.tooLarge.map(({ owner }) => owner)).toEqual(['large'])
  })

  it('puts a round back before what came later', () => {
    const queue = createProduceQueue<string>()
    for (const message of [queued('a', 60), queued('b', 60)]) queue.add(message)
    const round = queue.take(limits)
    queue.add(queued('c', 60))
    queue.putBack(round)
    const order = [queue.take(limits), queue.take(limits), queue.take(limits)]
    expect(order.flatMap(({ parts }) => parts.flat().map(({ owner }) => owner))).toEqual(['a', 'b', 'c'])
  })

  it('forgets an owner', () => {
    const queue = createProduceQueue<string>()
    for (const message of [queued('a', 10), queued('b', 10), queued('a', 10, 1)]) queue.add(message)
    queue.remove((owner) => owner === 'a')
    expect(
      queue
        .take(limits)
        .parts.flat()
        .map(({ owner }) => owner),
    ).toEqual(['b'])
    expect(queue.isEmpty).toBe(true)
  })
})
