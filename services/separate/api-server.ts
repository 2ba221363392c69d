/** `roamwatch serve`: the query API on the store alone; with brokers set it takes events too, and answers when Kafka has them. */
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import { createStore } from '../all-in-one/create-store.ts'
import { createDirectSink } from '../all-in-one/direct-sink.ts'
import { openApi, type OpenApi } from '../all-in-one/open-api.ts'
import type { ApiPlugin } from '../query-api/api.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Part } from '../runtime/lifecycle.ts'
import type { ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'
import type { Sink } from '../transport/transport.ts'
import { createCounter } from './counts.ts'
import { createKafkaGateway } from './gateway.ts'
import { createSink, sinkParts } from './kafka-parts.ts'
import type { Stage, StageDeps } from './service.ts'
import { createStorePart } from './store-part.ts'

type Receiving = {
  /** Where replayed dead letters go. */
  readonly sink: Sink
  readonly before: readonly Part[]
  readonly after: readonly Part[]
  readonly checks: readonly HealthCheck[]
  readonly plugins: readonly ApiPlugin[]
  readonly figures: () => Readonly<Record<string, unknown>>
}

/** Throws SETTINGS_INVALID. */
export function createApiServer(settings: Settings, { log, metrics }: StageDeps): Stage {
  const catalog = loadCatalog()
  const store = createStore(settings)
  const { part, check } = createStorePart(store, { catalog, log })
  const receiving = settings.kafka_brokers.length === 0 ? replayOnly(store, catalog) : receive()
  let api: OpenApi | undefined
  const server: Part = {
    name: 'api',
    async start() {
      const { plugins, checks: health, sink } = receiving
      api = await openApi(settings, { store, catalog, sink, plugins, health, metrics, log })
      log.info({ url: api.url }, 'the API listens')
    },
    stop: async () => api?.close(),
  }

  function receive(): Receiving {
    const sink = createSink(settings, log)
    const counter = createCounter()
    const { connecting, connected, check: sinkCheck } = sinkParts(sink)
    return {
      sink,
      before: [connecting],
      after: [connected],
      checks: [sinkCheck],
      plugins: [createKafkaGateway(settings, catalog, { sink, counter })],
      figures: () => ({ counts: counter.counts(), sink: sink.health() }),
    }
  }
  return {
    name: 'serve',
    parts: [part, ...receiving.before, server, ...receiving.after],
    checks: [check, ...receiving.checks],
    figures: receiving.figures,
    addresses: () => ({ url: api?.url ?? '' }),
  }
}

/** Takes nothing from outside; a dead letter that is replayed is processed here. */
function replayOnly(store: ClickHouseStore, catalog: Catalog): Receiving {
  const sink = createDirectSink(store, catalog)
  const part = { name: 'replay', start: () => sink.start(), stop: () => sink.stop() }
  return { sink, before: [part], after: [], checks: [], plugins: [], figures: () => ({}) }
}
