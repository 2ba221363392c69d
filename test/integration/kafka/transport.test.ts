import { afterAll, beforeAll, describe } from 'vitest'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { testTransport } from '../../contract/transport.ts'
import { planOf, sinkOf, sourceOf } from './kafka-parts.ts'

const noBroker = await whyNoBroker()

describe.skipIf(noBroker !== undefined)('Kafka, sink and source together', () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await startBroker()
  })
  afterAll(() => broker.stop())

  testTransport('Kafka', (handle) => {
    const plan = planOf(3)
    const sink = sinkOf(broker.brokers, plan)
    const source = sourceOf(broker.brokers, plan, handle)
    return Promise.resolve({
      waitsForStore: false,
      transport: {
        ...sink,
        async start() {
          await sink.start()
          await source.start()
        },
      },
      dispose: () => source.stop(),
    })
  })
})
