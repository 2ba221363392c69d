import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { batchOf, eventsOf, keeping, nameOf, planOf, sinkOf, sourceOf, withAdmin } from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const waiting = { timeout: 90_000, interval: 100 }
const properties = {
  'offsets.topic.replication.factor': '2',
  'default.replication.factor': '2',
  'min.insync.replicas': '1',
}

describe.skipIf(noBroker !== undefined)('when leaders and the coordinator move to another broker', () => {
  const brokers: Broker[] = []
  beforeAll(async () => {
    const first = await startBroker({ properties, heapMb: 384 })
    brokers.push(first)
    if (first.kind === 'java') brokers.push(await startBroker({ joining: first, properties, heapMb: 384 }))
  })
  afterAll(async () => {
    for (const broker of brokers.toReversed()) await broker.stop()
  })

  it('loses nothing and reads on', async (test) => {
    const [first, second] = brokers
    if (first === undefined || second === undefined) return test.skip('brokers in containers stand alone')
    const addresses = [...second.brokers, ...first.brokers]
    const plan = planOf(6)
    const kept = keeping()
    const sink = sinkOf(addresses, plan, { replicas: 2 })
    const source = sourceOf(addresses, plan, kept.handle, { replicas: 2 })
    await sink.start()
    await source.start()
    const coordinator = () =>
      withAdmin(first.brokers, async (admin) => {
        const { topics } = await admin.fetchTopicMetadata({ topics: ['__consumer_offsets', plan.events.name] })
        return topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader))
      })
    expect(new Set(await coordinator())).toEqual(new Set([1, 2])) // the second leads some of both
    const sent = new Set<string>()
    let isSending = true
    const sending = (async () => {
      for (let round = 0; isSending; round++) {
        const events = eventsOf(20, { devices: 20, from: round * 20 })
        const isDone = await sink.send(batchOf(events)).then(
          () => true,
          () => false,
        )
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (isDone) for (const event of events) sent.add(nameOf(event))
      }
    })()
    for (let kill = 0; kill < 2; kill++) {
      const before = sent.size
      await expect.poll(() => sent.size, waiting).toBeGreaterThan(before + 100)
      await second.kill(kill === 0 ? 'SIGTERM' : 'SIGKILL') // leaders move at once, or when the broker is missed
      const during = sent.size
      await expect.poll(() => sent.size, waiting).toBeGreaterThan(during + 100)
      const sentMeanwhile = [...sent]
      await expect.poll(() => sentMeanwhile.filter((name) => !kept.events().has(name)), waiting).toEqual([])
      await second.restart()
    }
    isSending = false
    await sending
    await expect.poll(() => [...sent].filter((name) => !kept.events().has(name)), waiting).toEqual([])
    await Promise.all([sink.stop(), source.stop()])
  }, 300_000)
})
