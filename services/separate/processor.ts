/** `roamwatch process`: Kafka to the store, through the pipeline. Any number of them share the topics' partitions. */
import { createSecretRemover } from '../../collectors/redact-secrets.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../schemas/catalog/load-rules.ts'
import type { Settings } from '../../schemas/settings.ts'
import { createRetention } from '../all-in-one/retention.ts'
import { createStore } from '../all-in-one/create-store.ts'
import { createHandleBatch } from '../processor/handle-batch.ts'
import { createPipeline } from '../processor/pipeline.ts'
import { createDecodeBytes } from '../processor/steps/decode-bytes.ts'
import { createKafkaSource } from '../transport/kafka/kafka-source.ts'
import { countHandled, createCounter } from './counts.ts'
import { consumerCheck, consumerFigures, consumerOptions, consumerPart, groupIds, kafkaOptions } from './kafka-parts.ts'
import type { Stage, StageDeps } from './service.ts'
import { createStorePart } from './store-part.ts'

/** What reads from Kafka and stores, as parts that `roamwatch up --kafka` has too. Throws SETTINGS_INVALID. */
export function createProcessorParts(settings: Settings, deps: StageDeps) {
  const { log } = deps
  const catalog = loadCatalog()
  const store = createStore(settings)
  const pipeline = createPipeline({
    catalog,
    rules: loadRules(),
    now: () => new Date(),
    decodeBytes: createDecodeBytes(),
  })
  const counter = createCounter()
  const groupId = groupIds(settings).process
  const source = createKafkaSource({
    ...kafkaOptions(settings, log),
    ...consumerOptions(settings, deps),
    groupId,
    tenant: settings.tenant,
    redact: createSecretRemover(catalog),
    handle: countHandled(createHandleBatch({ pipeline, store, sourceKind: 'kafka' }), counter),
  })
  const { part, check } = createStorePart(store, { catalog, log })
  return {
    catalog,
    store,
    storePart: part,
    storeCheck: check,
    consumerPart: consumerPart(source, groupId),
    consumerCheck: consumerCheck(source),
    figures: () => ({ group_id: groupId, counts: counter.counts(), ...consumerFigures(source) }),
  }
}

/** Throws SETTINGS_INVALID. */
export function createProcessor(settings: Settings, deps: StageDeps): Stage {
  const { store, storePart, storeCheck, figures, ...consumer } = createProcessorParts(settings, deps)
  return {
    name: 'process',
    parts: [storePart, createRetention(settings, { store, log: deps.log }), consumer.consumerPart],
    checks: [storeCheck, consumer.consumerCheck],
    figures,
  }
}
