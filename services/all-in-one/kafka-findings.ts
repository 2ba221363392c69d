/** The findings of `roamwatch doctor` about Kafka, in the order in which they depend on each other. */
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'
import { createLogger } from '../runtime/logging.ts'
import { groupIds, kafkaOptions } from '../separate/kafka-parts.ts'
import type { TopicPlan } from '../transport/kafka/ensure-topics.ts'
import { type KafkaInspector, withKafkaInspector } from '../transport/kafka/inspect-kafka.ts'
import { failed, type Finding, ok, warning } from './finding.ts'

export async function* kafkaFindings(settings: Settings): AsyncGenerator<Finding> {
  const log = createLogger({ level: 'silent', service: 'roamwatch doctor' })
  let options
  try {
    options = kafkaOptions(settings, log)
  } catch (error) {
    yield failed('Kafka', error)
    return
  }
  const { client, plan } = options
  yield* withKafkaInspector(client, log, (inspector) => look(inspector, plan, settings))
}

async function* look(inspector: KafkaInspector, plan: TopicPlan, settings: Settings): AsyncGenerator<Finding> {
  const brokers = await brokerFinding(inspector, settings)
  yield brokers
  if (brokers.status === 'failed') return // everything else would fail alike
  const topics = await topicFinding(inspector, plan, settings)
  yield topics
  yield await rightsFinding(inspector, settings)
  if (topics.status !== 'ok') return
  const groups = groupIds(settings)
  const names = Object.values(plan).map(({ name }) => name)
  yield await lagFinding(inspector, { check: 'lag', groupId: groups.process, topics: names, command: 'process' })
  const tapped = settings.kafka_tap_topics.map((text) => text.split(' ')[0] as string)
  if (tapped.length === 0) return
  yield await lagFinding(inspector, {
    check: 'lag of the tap',
    groupId: groups.tap,
    topics: tapped,
    command: 'collect kafka',
  })
}

async function brokerFinding(inspector: KafkaInspector, settings: Settings): Promise<Finding> {
  try {
    const brokers = await inspector.brokers()
    return ok('Kafka', `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}: ${brokers.join(', ')}`)
  } catch (error) {
    const isRefused = error instanceof AppError && error.code === 'BROKER_REFUSED'
    const login = settings.kafka_sasl === 'none' ? 'kafka_sasl, kafka_tls' : 'kafka_username, its password, kafka_tls'
    return failed(
      'Kafka',
      error,
      isRefused
        ? `check ${login}`
        : 'check that the brokers run and that their advertised.listeners can be reached from here',
    )
  }
}

async function topicFinding(inspector: KafkaInspector, plan: TopicPlan, settings: Settings): Promise<Finding> {
  try {
    const missing = await inspector.missing(plan)
    if (missing.length > 0 && settings.kafka_topics === 'create') {
      return warning('topics', `not there yet: ${missing.join(', ')}`, 'start a service: it makes them')
    }
    const topics = Object.values(await inspector.topics(plan))
    return ok('topics', topics.map(({ name, partitions }) => `${name} (${partitions} partitions)`).join(', '))
  } catch (error) {
    return failed('topics', error)
  }
}

async function rightsFinding(inspector: KafkaInspector, { kafka_username: user }: Settings): Promise<Finding> {
  try {
    await inspector.mayWrite()
    return ok('Kafka rights', `${user ?? 'everybody'} may write; docs/operations.md lists what each service needs`)
  } catch (error) {
    return failed(
      'Kafka rights',
      error,
      `grant ${user ?? 'this user'} Write on the topics; docs/operations.md lists all`,
    )
  }
}

async function lagFinding(
  inspector: KafkaInspector,
  about: {
    readonly check: string
    readonly groupId: string
    readonly topics: readonly string[]
    readonly command: string
  },
): Promise<Finding> {
  const { check, groupId, topics, command } = about
  try {
    const { members, lag_records: lag } = await inspector.group(groupId, topics)
    const total = Object.values(lag).reduce((sum, records) => sum + records, 0)
    const behind = total === 0 ? 'nothing waits' : `${total} records wait`
    const detail = `${behind}; ${members} ${members === 1 ? 'consumer' : 'consumers'} in the group ${groupId}`
    if (members > 0) return ok(check, detail)
    return warning(check, detail, `start it where it is wanted: roamwatch ${command}`)
  } catch (error) {
    return failed(check, error, `grant Read and Describe on the group ${groupId} and its topics`)
  }
}
