/** `roamwatch serve`: the query API on the store alone; with brokers set it takes events too, and answers when Kafka has them. */
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import { createStore } from '../all-in-one/create-store.ts'
import { listen } from '../all-in-one/listen.ts'
import type { Api, ApiPlugin } from '../query-api/api.ts'
import { createApp } from '../query-api/app.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Part } from '../runtime/lifecycle.ts'
import { createCounter } from './counts.ts'
import { createKafkaGateway } from './gateway.ts'
import { createSink, sinkParts } from './kafka-parts.ts'
import type { Stage, StageDeps } from './service.ts'
import { createStorePart } from './store-part.ts'

type Receiving = {
  readonly before: readonly Part[]
  readonly after: readonly Part[]
  readonly checks: readonly HealthCheck[]
  readonly plugins: readonly ApiPlugin[]
  readonly figures: () => Readonly<Record<string, unknown>>
}

/** Throws SETTINGS_INVALID. */
export function createApiServer(settings: Settings, { log }: StageDeps): Stage {
  const catalog = loadCatalog()
  const store = createStore(settings)
  const { part, check } = createStorePart(store, { catalog, log })
  const receiving = settings.kafka_brokers.length === 0 ? NOT_RECEIVING : receive()
  let app: Api | undefined
  let url = ''
  const server: Part = {
    name: 'api',
    async start() {
      const { tenant, api_allowed_hosts: allowedHosts } = settings
      const { plugins, checks } = receiving
      app = await createApp({ reader: store, catalog, tenant, logger: log, allowedHosts, plugins, health: checks })
      url = await listen(app, settings)
      log.info({ url }, 'the API listens')
    },
    stop: async () => app?.close(),
  }

  function receive(): Receiving {
    const sink = createSink(settings, log)
    const counter = createCounter()
    const { connecting, connected, check: sinkCheck } = sinkParts(sink)
    return {
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
    addresses: () => ({ url }),
  }
}

const NOT_RECEIVING: Receiving = { before: [], after: [], checks: [], plugins: [], figures: () => ({}) }
