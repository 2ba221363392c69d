/** Makes the topics that are missing and checks those that are there. What differs is said, with the command that mends it, and never changed. */
import kafkajs, { type Admin } from 'kafkajs'
import type { KafkaSettings } from '../../../schemas/kafka-settings.ts'
import { type TopicDefinition, type TopicName, TOPICS } from '../../../schemas/topics.ts'
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { translateError } from './translate-error.ts'

/** A topic as it is at the broker. */
export type KafkaTopic = { readonly name: string; readonly partitions: number; readonly maxMessageBytes: number }
export type KafkaTopics = Readonly<Record<TopicName, KafkaTopic>>
/** The topics as they should be, under their full names. */
export type TopicPlan = Readonly<Record<TopicName, TopicDefinition>>

export type TopicDeps = {
  readonly admin: Admin
  readonly log: Logger
  readonly plan: TopicPlan
  readonly mayCreate: boolean
  /** null: the broker's default. */
  readonly replicas: number | null
}

const HOUR_MS = 60 * 60 * 1000

export function planTopics(
  settings: Pick<KafkaSettings, 'kafka_topic_prefix' | 'kafka_partitions' | 'kafka_retention_hours'>,
): TopicPlan {
  const named = (topic: TopicDefinition): TopicDefinition => ({
    ...topic,
    name: settings.kafka_topic_prefix + topic.name,
  })
  const events = named(TOPICS.events)
  return {
    events: {
      ...events,
      partitions: settings.kafka_partitions ?? events.partitions,
      retentionMs:
        settings.kafka_retention_hours === null ? events.retentionMs : settings.kafka_retention_hours * HOUR_MS,
    },
    dead_letters: named(TOPICS.dead_letters),
  }
}

/** Rejects with TOPIC_MISMATCH, BROKER_REFUSED or BROKER_UNAVAILABLE (retryable). Calling it again, from several processes too, is harmless. */
export async function ensureTopics(deps: TopicDeps): Promise<KafkaTopics> {
  const names = Object.values(deps.plan).map(({ name }) => name)
  try {
    const present = new Set(await deps.admin.listTopics())
    const missing = Object.values(deps.plan).filter(({ name }) => !present.has(name))
    if (missing.length > 0) await createTopics(deps, missing)
    const { topics } = await deps.admin.fetchTopicMetadata({ topics: names })
    const partitions = new Map(topics.map((topic) => [topic.name, topic.partitions.length]))
    return check(deps, partitions, await readConfigurations(deps, names))
  } catch (error) {
    throw translateError(error, `checking the topics ${names.join(', ')}`)
  }
}

async function createTopics(deps: TopicDeps, missing: readonly TopicDefinition[]): Promise<void> {
  if (!deps.mayCreate) {
    const commands = missing.map((topic) => createCommand(topic, deps.replicas)).join('; ')
    const names = missing.map(({ name }) => name).join(', ')
    throw mismatch(`missing, or this user may not see them (Describe): ${names}. Make them (${commands})`)
  }
  const topics = missing.map((topic) => ({
    topic: topic.name,
    numPartitions: topic.partitions,
    replicationFactor: deps.replicas ?? -1, // -1: the broker's default
    configEntries: Object.entries(configurationOf(topic)).map(([name, value]) => ({ name, value })),
  }))
  await deps.admin.createTopics({ topics, waitForLeaders: true, timeout: 15_000 })
  deps.log.info({ topics: missing.map(({ name }) => name) }, 'made Kafka topics')
}

/** The topics' configuration; an empty one where we have no right to read it. */
async function readConfigurations(
  deps: TopicDeps,
  names: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  try {
    const { resources } = await deps.admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        configNames: [...Object.keys(configurationOf(TOPICS.events)), 'retention.bytes'],
      })),
    })
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    )
  } catch (error) {
    const translated = translateError(error, 'reading the configuration of topics')
    if (translated.code !== 'BROKER_REFUSED') throw translated
    deps.log.warn(
      { topics: names },
      'no right to read the configuration of the topics (DescribeConfigs): their retention and size limit are not checked',
    )
    return new Map()
  }
}

function check(
  deps: TopicDeps,
  partitions: ReadonlyMap<string, number>,
  configurations: ReadonlyMap<string, ReadonlyMap<string, string>>,
): KafkaTopics {
  const problems: string[] = []
  const found = Object.entries(deps.plan).map(([key, wanted]) => {
    const count = partitions.get(wanted.name) ?? 0
    const configuration = configurations.get(wanted.name)
    problems.push(...partitionProblems(wanted, count), ...configurationProblems(wanted, configuration))
    warnOfSizeLimit(deps.log, wanted.name, configuration)
    const maxMessageBytes = Number(configuration?.get('max.message.bytes') ?? wanted.maxMessageBytes)
    return [key, { name: wanted.name, partitions: count, maxMessageBytes }] as const
  })
  if (problems.length > 0) throw mismatch(problems.join('; '))
  return Object.fromEntries(found) as KafkaTopics
}

function partitionProblems(wanted: TopicDefinition, count: number): string[] {
  if (count >= wanted.partitions) return []
  const fix = `kafka-topics.sh --alter --topic ${wanted.name} --partitions ${wanted.partitions}`
  const setting = wanted.name.endsWith(TOPICS.events.name) ? `, or set kafka_partitions to ${count}` : ''
  return [`${wanted.name} has ${count} partitions, not ${wanted.partitions} (${fix}${setting})`]
}

function configurationProblems(
  wanted: TopicDefinition,
  configuration: ReadonlyMap<string, string> | undefined,
): string[] {
  if (configuration === undefined) return []
  return Object.entries(configurationOf(wanted)).flatMap(([name, value]) => {
    const actual = configuration.get(name)
    if (actual === undefined || isEnough(name, actual, value)) return []
    const fix = `kafka-configs.sh --alter --entity-type topics --entity-name ${wanted.name} --add-config ${name}=${value}`
    return [`${wanted.name} has ${name} ${actual}, not ${value} (${fix})`]
  })
}

function isEnough(name: string, actual: string, wanted: string): boolean {
  if (name === 'retention.ms') return actual === '-1' || (wanted !== '-1' && Number(actual) >= Number(wanted))
  if (name === 'max.message.bytes') return Number(actual) >= Number(wanted)
  return actual === wanted
}

function warnOfSizeLimit(log: Logger, topic: string, configuration: ReadonlyMap<string, string> | undefined): void {
  const bytes = configuration?.get('retention.bytes')
  if (bytes === undefined || bytes === '-1') return
  log.warn(
    { topic, retention_bytes: bytes },
    'the topic drops its oldest messages by size, maybe before they are read: set retention.bytes to -1',
  )
}

/**
 * What a topic is made with and checked for. LogAppendTime: retention and seeks go by when the broker got a message, not by a
 * clock that a sender can set.
 */
function configurationOf(topic: TopicDefinition): Record<string, string> {
  return {
    'cleanup.policy': topic.cleanupPolicy,
    'retention.ms': String(topic.retentionMs),
    'max.message.bytes': String(topic.maxMessageBytes),
    'message.timestamp.type': 'LogAppendTime',
  }
}

function createCommand(topic: TopicDefinition, replicas: number | null): string {
  const configuration = Object.entries(configurationOf(topic)).map(([name, value]) => ` --config ${name}=${value}`)
  const replication = replicas === null ? '' : ` --replication-factor ${replicas}`
  return `kafka-topics.sh --create --topic ${topic.name} --partitions ${topic.partitions}${replication}${configuration.join('')}`
}

function mismatch(problems: string): AppError {
  return new AppError('TOPIC_MISMATCH', `the Kafka topics are not as needed: ${problems}`)
}
