import kafkajs, { type AclEntry } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { TopicPlan } from '../../../services/transport/kafka/ensure-topics.ts'
import type { KafkaClientOptions } from '../../../services/transport/kafka/client-options.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { batchOf, eventsOf, keeping, planOf, sinkOf, sourceOf, withAdmin } from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const user = { username: 'processor', password: 'only for tests' }
const waiting = { timeout: 20_000, interval: 50 }
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

describe.skipIf(noBroker !== undefined)('rights at the broker', () => {
  let broker: Broker
  let client: KafkaClientOptions
  const opened: { stop(): Promise<void> }[] = []
  beforeAll(async () => {
    broker = await startBroker({
      sasl: user,
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS', // the open listener, which the test itself and the broker use
      },
    })
    client = { brokers: broker.saslBrokers, clientId: 'test', tls: undefined, sasl: { mechanism: 'plain', ...user } }
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((part) => part.stop()))
  })
  afterAll(() => broker.stop())

  type Operation = keyof typeof AclOperationTypes
  async function grant(
    resourceType: 'TOPIC' | 'GROUP',
    prefix: string,
    operations: readonly Operation[],
  ): Promise<void> {
    const acl: AclEntry[] = operations.map((operation) => ({
      resourceType: AclResourceTypes[resourceType],
      resourceName: prefix,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: `User:${user.username}`,
      host: '*',
      operation: AclOperationTypes[operation],
      permissionType: AclPermissionTypes.ALLOW,
    }))
    await withAdmin(broker.brokers, async (admin) => {
      await admin.createAcls({ acl })
      const filter = {
        resourceType: AclResourceTypes[resourceType],
        resourceName: prefix,
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        operation: AclOperationTypes.ANY,
        permissionType: AclPermissionTypes.ANY,
      }
      // They hold when the broker's authorizer has them.
      const inForce = async () => (await admin.describeAcls(filter)).resources.flatMap(({ acls }) => acls).length
      await expect.poll(inForce, waiting).toBeGreaterThanOrEqual(operations.length)
    })
  }

  async function makeTopics(plan: TopicPlan): Promise<void> {
    const sink = sinkOf(broker.brokers, plan)
    await sink.start()
    await sink.stop()
  }

  const prefixOf = (plan: TopicPlan) => plan.events.name.replace(/events$/, '')

  it('that are missing are a refusal, not a wait: to make topics', async () => {
    const sink = sinkOf([], planOf(1), { client })
    opened.push(sink)
    await expect(sink.start()).rejects.toMatchObject({ code: 'BROKER_REFUSED', retryable: false })
  })

  it('that are missing are a refusal, not a wait: to be in the group', async () => {
    const plan = planOf(1)
    await makeTopics(plan)
    await grant('TOPIC', prefixOf(plan), ['DESCRIBE', 'READ', 'DESCRIBE_CONFIGS'])
    const source = sourceOf([], plan, keeping().handle, { client })
    opened.push(source)
    await expect(source.start()).rejects.toMatchObject({ code: 'BROKER_REFUSED' })
  })

  it('that suffice for sending: Describe and Write; without DescribeConfigs the topics are not checked', async () => {
    const plan = planOf(1)
    await makeTopics(plan)
    await grant('TOPIC', prefixOf(plan), ['DESCRIBE', 'WRITE'])
    const sink = sinkOf([], plan, { client, mayCreateTopics: false })
    opened.push(sink)
    await sink.start()
    await expect(sink.send(batchOf(eventsOf(3)))).resolves.toMatchObject({ accepted: 3 })
  })

  it('that suffice for reading: Describe and Read on topics, Read on the group', async () => {
    const plan = planOf(1)
    await makeTopics(plan)
    await grant('TOPIC', prefixOf(plan), ['DESCRIBE', 'READ', 'DESCRIBE_CONFIGS'])
    await grant('GROUP', 'group-', ['READ'])
    const kept = keeping()
    const source = sourceOf([], plan, kept.handle, { client, mayCreateTopics: false })
    opened.push(source)
    await source.start()
    const sink = sinkOf(broker.brokers, plan)
    opened.push(sink)
    await sink.start()
    await sink.send(batchOf(eventsOf(3)))
    await expect.poll(() => kept.events().size, waiting).toBe(3)
  })

  it('that are taken away make senders try again later, for they may come back', async () => {
    const plan = planOf(1)
    await makeTopics(plan)
    await grant('TOPIC', prefixOf(plan), ['DESCRIBE', 'WRITE'])
    const sink = sinkOf([], plan, { client, mayCreateTopics: false })
    opened.push(sink)
    await sink.start()
    await sink.send(batchOf(eventsOf(1)))
    await withAdmin(broker.brokers, (admin) =>
      admin.deleteAcls({
        filters: [
          {
            resourceType: AclResourceTypes.TOPIC,
            resourceName: prefixOf(plan),
            resourcePatternType: ResourcePatternTypes.PREFIXED,
            operation: AclOperationTypes.WRITE,
            permissionType: AclPermissionTypes.ANY,
          },
        ],
      }),
    )
    await expect
      .poll(() => sink.send(batchOf(eventsOf(1))).catch((error: unknown) => error), waiting)
      .toMatchObject({ code: 'BROKER_REFUSED', retryable: true })
    await grant('TOPIC', prefixOf(plan), ['WRITE'])
    await expect
      .poll(() => sink.send(batchOf(eventsOf(1))).catch((error: unknown) => error), waiting)
      .toMatchObject({ accepted: 1 })
  })
})
