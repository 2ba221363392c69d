import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { murmur2, partitionForKey } from '../../../../../services/transport/kafka/partition-for-key.ts'

describe('the partition of a key', () => {
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])("hashes %s as Kafka's own tests do", (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
  })

  it('is the one that the default partitioner of other clients takes, for keys of any length and any bytes', () => {
    const partitioner = kafkajs.Partitioners.DefaultPartitioner()
    const metadata = (count: number) =>
      Array.from({ length: count }, (_, partitionId) => ({
        partitionId,
        leader: 1,
        partitionErrorCode: 0,
        replicas: [1],
        isr: [1],
        offlineReplicas: [],
      }))
    for (let length = 0; length < 70; length++) {
      const whole = Buffer.from(Array.from({ length: length + 3 }, (_, at) => (at * 97 + length * 31) % 256))
      const key = whole.subarray(3) // not at the start of its memory
      for (const count of [1, 2, 12, 1000]) {
        const theirs = partitioner({ topic: 't', partitionMetadata: metadata(count), message: { key, value: '' } })
        expect(partitionForKey(key, count)).toBe(theirs)
      }
    }
  })
})
