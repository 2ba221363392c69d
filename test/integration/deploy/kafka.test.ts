/** The settings of deploy/kafka/ at a real broker: it starts with them, knows every one of them, and makes our topics. */
import kafkajs, { type Admin, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { readText } from '../../unit/deploy/compose-file.ts'
import { planOf, sinkOf } from '../kafka/kafka-parts.ts'

const settings = [...readText('deploy/kafka/server.properties').matchAll(/^([a-z][a-z.]*)=(.*)$/gm)].map(
  ([, name = '', value = '']) => [name, value] as const,
)
/** Where it listens and keeps its data: another place in a test. */
const isPlace = ([name]: readonly [string, string]) =>
  /^(process\.|node\.|controller\.|listener|advertised\.|inter\.|log\.dirs)/.test(name)

describe.skipIf((await whyNoBroker()) !== undefined)('a broker with the settings of deploy/kafka', () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await startBroker({ properties: Object.fromEntries(settings.filter((setting) => !isPlace(setting))) })
  })
  afterAll(async () => broker?.stop())

  const admin = async <T>(ask: (admin: Admin) => Promise<T>): Promise<T> => {
    const client = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).admin()
    await client.connect()
    try {
      return await ask(client)
    } finally {
      await client.disconnect()
    }
  }

  it('knows every setting by its name and goes by it', async () => {
    const { resources } = await admin((client) =>
      client.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: kafkajs.ConfigResourceTypes.BROKER, name: '1' }],
      }),
    )
    const known = new Map(resources[0]?.configEntries.map((entry) => [entry.configName, entry.configValue]))
    for (const [name] of settings) expect([...known.keys()], name).toContain(name)
    const effective = settings.filter((setting) => !isPlace(setting))
    expect(effective.map(([name]) => [name, known.get(name)])).toEqual(effective)
    expect(effective.length).toBeGreaterThan(15)
  })

  it('makes our topics as they are needed, and no others', async () => {
    const plan = planOf(12)
    const sink = sinkOf(broker.brokers, plan)
    await sink.start()
    await sink.stop()
    const topics = await admin((client) => client.listTopics())
    expect(topics).toEqual(expect.arrayContaining([plan.events.name, plan.dead_letters.name]))
    const misspelt = admin((client) => client.fetchTopicMetadata({ topics: ['misspelt'] }))
    await expect(misspelt).rejects.toThrow('does not host this topic-partition')
  })
})
