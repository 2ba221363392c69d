import { join } from 'node:path'
import kafkajs, { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasEngine } from '../support/clickhouse.ts'
import { winlogbeatLine } from '../support/events.ts'
import type { Broker } from '../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { runCommand } from '../support/roamwatch-command.ts'
import { type Stack, startStack } from '../support/stack.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const noBroker = await whyNoBroker()
const isNotRun = noBroker !== undefined || !hasEngine()
const USER = { username: 'roamwatch', password: 'a-right-password' }
/** Nobody has a right that was not given; whoever comes without a password is the administrator. */
const properties = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  'allow.everyone.if.no.acl.found': 'false',
}

/** The rights that docs/operations.md lists. */
const GATEWAY = [
  ['TOPIC', 'roamwatch-', 'DESCRIBE'],
  ['TOPIC', 'roamwatch-', 'WRITE'],
] as const
const TAP = [
  ...GATEWAY,
  ['TOPIC', 'winlogbeat', 'DESCRIBE'],
  ['TOPIC', 'winlogbeat', 'READ'],
  ['GROUP', 'roamwatch-tap', 'READ'],
] as const
const PROCESS = [
  ['TOPIC', 'roamwatch-', 'DESCRIBE'],
  ['TOPIC', 'roamwatch-', 'READ'],
  ['GROUP', 'roamwatch-process', 'READ'],
] as const
type Right = (typeof TAP)[number] | (typeof PROCESS)[number]

describe.skipIf(isNotRun)('on a broker that gives no right unasked', { timeout: 120_000 }, () => {
  let broker: Broker
  let stack: Stack
  let env: Readonly<Record<string, string>>

  beforeAll(async () => {
    broker = await startBroker({ sasl: USER, properties })
    stack = await startStack({ broker, processors: 1 }) // as the administrator: it makes the topics
    env = {
      ROAMWATCH_KAFKA_BROKERS: broker.saslBrokers.join(','),
      ROAMWATCH_KAFKA_SASL: 'scram-sha-256',
      ROAMWATCH_KAFKA_USERNAME: USER.username,
      ROAMWATCH_KAFKA_PASSWORD: USER.password,
      ROAMWATCH_KAFKA_TOPICS: 'check',
      ROAMWATCH_KAFKA_PARTITIONS: '6',
      ROAMWATCH_KAFKA_TAP_TOPICS: 'winlogbeat',
      ROAMWATCH_API_PORT: '0',
      ROAMWATCH_DATA: join(stack.directory, 'data'),
    }
  })
  afterAll(async () => {
    await stack?.stop()
    await broker?.stop()
  })

  async function give(rights: readonly Right[]): Promise<void> {
    const admin = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const all = { principal: `User:${USER.username}`, host: '*' }
    await admin.deleteAcls({
      filters: [
        {
          ...all,
          resourceType: AclResourceTypes.ANY,
          resourcePatternType: ResourcePatternTypes.ANY,
          operation: AclOperationTypes.ANY,
          permissionType: AclPermissionTypes.ANY,
        },
      ],
    })
    if (rights.length > 0)
      await admin.createAcls({
        acl: rights.map(([type, resourceName, operation]) => ({
          ...all,
          resourceType: AclResourceTypes[type],
          resourceName,
          resourcePatternType: ResourcePatternTypes.PREFIXED,
          operation: AclOperationTypes[operation],
          permissionType: AclPermissionTypes.ALLOW,
        })),
      })
    await admin.disconnect()
  }

  test.for([
    ['collect http', GATEWAY],
    ['collect kafka', TAP],
    ['process', PROCESS],
  ] as const)('%s works with the rights that its documentation lists', async ([command, rights]) => {
    await give(rights)
    const service = await stack.start(command.split(' '), env)
    if (command === 'collect http') {
      const response = await fetch(`${service.url}/v1/events`, { method: 'POST', body: winlogbeatLine() })
      expect([response.status, await response.json()]).toMatchObject([202, { accepted: 1 }])
    }
    await vi.waitFor(async () => expect((await fetch(`${service.health}/readyz`)).status).toBe(200), {
      timeout: 20_000,
    })
  })

  test.for([
    ['collect http', GATEWAY.slice(0, 1)],
    ['collect http', []],
    ['collect kafka', TAP.filter(([, name]) => name !== 'winlogbeat')],
    ['collect kafka', TAP.filter(([type]) => type !== 'GROUP')],
    ['process', PROCESS.filter(([type]) => type !== 'GROUP')],
    ['process', PROCESS.slice(0, 1)],
  ] as const)('%s ends with a reason when of its rights there are only %j', async ([command, rights]) => {
    await give(rights)
    const { code, stderr } = await runCommand(command.split(' '), { env })
    expect(code).toBe(1)
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^roamwatch: .*(refused|no right|missing|right to)/)
  })
})
