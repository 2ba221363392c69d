/** `roamwatch collect kafka`: takes events from topics that shippers fill in their own shapes. Any number of them share the topics. */
import { createIntake } from '../../collectors/intake.ts'
import { createTap, type TapSource } from '../../collectors/kafka-tap/tap-records.ts'
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import { AppError } from '../runtime/errors.ts'
import { createTally, type Tally } from '../runtime/telemetry/collect-tally.ts'
import { requireTopics } from '../transport/kafka/require-topics.ts'
import { createRecordConsumer } from '../transport/kafka/record-consumer.ts'
import { traceProcess } from '../transport/kafka/trace-messages.ts'
import { countSent, createCounter } from './counts.ts'
import {
  consumerCheck,
  consumerFigures,
  consumerOptions,
  consumerPart,
  createSink,
  groupIds,
  kafkaOptions,
  sinkParts,
} from './kafka-parts.ts'
import type { Stage, StageDeps } from './service.ts'

/** Throws SETTINGS_INVALID. */
export function createTapStage(settings: Settings, deps: StageDeps): Stage {
  const { log } = deps
  const sources = readTapSources(settings, loadCatalog(), createTally('kafka'))
  const options = kafkaOptions(settings, log)
  const topics = sources.map(({ topic }) => topic)
  const own = Object.values(options.plan).find(({ name }) => topics.includes(name))
  if (own !== undefined) {
    throw new AppError('SETTINGS_INVALID', `kafka_tap_topics names ${own.name}, which this program fills itself`)
  }
  const sink = createSink(settings, log)
  const counter = createCounter()
  const groupId = groupIds(settings).tap
  const consumer = createRecordConsumer({
    client: options.client,
    ...consumerOptions(settings, deps),
    groupId,
    topics,
    prepare: () => requireTopics(options.client, topics, log),
    handle: traceProcess(groupId, createTap({ sources, sink: countSent(sink, counter), clock: Date.now })),
  })
  const { connecting, connected, check } = sinkParts(sink)
  return {
    name: 'tap',
    parts: [connecting, connected, consumerPart(consumer, groupId)],
    checks: [{ ...check, name: 'kafka sink' }, consumerCheck(consumer)],
    figures: () => ({
      group_id: groupId,
      counts: counter.counts(),
      ...consumerFigures(consumer),
      sink: sink.health(),
    }),
  }
}

/** Throws SETTINGS_INVALID where a topic is named twice, or none. */
export function readTapSources(settings: Settings, catalog: Catalog, tally?: Tally): TapSource[] {
  const { tenant, keep, time_zone: timeZone, retention_days: retentionDays } = settings
  const sources = new Map<string, TapSource>()
  for (const text of settings.kafka_tap_topics) {
    const [topic = '', ...pairs] = text.split(' ')
    const own = Object.fromEntries(pairs.map((pair) => pair.split('=', 2))) as { tenant?: string; time_zone?: string }
    if (sources.has(topic)) throw new AppError('SETTINGS_INVALID', `kafka_tap_topics names ${topic} twice`)
    const rest = {
      catalog,
      keep,
      retentionDays,
      sourceKind: 'kafka',
      clock: Date.now,
      ...(tally === undefined ? {} : { tally }),
    }
    sources.set(topic, {
      topic,
      intake: createIntake({ ...rest, tenant: own.tenant ?? tenant }),
      timeZone: checkedZone(topic, own.time_zone) ?? timeZone ?? undefined,
    })
  }
  if (sources.size > 0) return [...sources.values()]
  const example = 'ROAMWATCH_KAFKA_TAP_TOPICS=winlogbeat'
  throw new AppError('SETTINGS_INVALID', `kafka_tap_topics must name at least one topic, for example ${example}`)
}

function checkedZone(topic: string, zone: string | undefined): string | undefined {
  try {
    if (zone !== undefined) new Intl.DateTimeFormat('en', { timeZone: zone })
    return zone
  } catch (cause) {
    const message = `time_zone of ${topic} in kafka_tap_topics must be an IANA zone such as Europe/Amsterdam, not ${JSON.stringify(zone)}`
    throw new AppError('SETTINGS_INVALID', message, { cause })
  }
}
