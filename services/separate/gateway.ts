/** `roamwatch collect http`: takes events over HTTP and answers when Kafka has them. Any number of them. */
import packageFile from '../../package.json' with { type: 'json' }
import { createHttpGateway } from '../../collectors/http-gateway/http-gateway.ts'
import { createIntake } from '../../collectors/intake.ts'
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import { listen } from '../all-in-one/listen.ts'
import type { Api } from '../query-api/api.ts'
import { createHealth } from '../runtime/health.ts'
import type { Part } from '../runtime/lifecycle.ts'
import { createTally } from '../runtime/telemetry/collect-tally.ts'
import type { KafkaSink } from '../transport/kafka/kafka-sink.ts'
import { countSent, createCounter } from './counts.ts'
import { createGatewayApp } from './gateway-app.ts'
import { createSink, sinkParts } from './kafka-parts.ts'
import type { Stage, StageDeps } from './service.ts'

/** Throws SETTINGS_INVALID. */
export function createGateway(settings: Settings, { log }: StageDeps): Stage {
  const sink = createSink(settings, log)
  const counter = createCounter()
  const { connecting, connected, check } = sinkParts(sink)
  const gateway = createKafkaGateway(settings, loadCatalog(), { sink, counter })
  const figures = () => ({ counts: counter.counts(), sink: sink.health() })
  const about = { service: 'gateway', version: packageFile.version, startedAt: new Date() }
  const health = createHealth({ ...about, checks: [check], fault: () => undefined, figures })
  let app: Api | undefined
  let url = ''
  const server: Part = {
    name: 'gateway',
    async start() {
      app = await createGatewayApp({ gateway, health, allowedHosts: settings.api_allowed_hosts, log })
      url = await listen(app, settings)
      log.info({ url }, 'the gateway listens')
    },
    stop: async () => app?.close(),
  }
  // Stopped in reverse: requests under way are finished before the connection to Kafka is given up.
  return {
    name: 'gateway',
    parts: [connecting, server, connected],
    checks: [check],
    figures,
    addresses: () => ({ url }),
  }
}

/** The plugin with `POST /v1/events` over a Kafka sink, for whatever app. */
export function createKafkaGateway(
  settings: Settings,
  catalog: Catalog,
  deps: { readonly sink: KafkaSink; readonly counter: ReturnType<typeof createCounter> },
) {
  const { tenant, keep, time_zone: timeZone, retention_days: retentionDays, max_body_bytes: maxBodyBytes } = settings
  const rest = { tenant, keep, retentionDays }
  return createHttpGateway({
    intake: createIntake({ ...rest, catalog, sourceKind: 'http', clock: Date.now, tally: createTally('http') }),
    sink: countSent(deps.sink, deps.counter),
    limits: { maxBodyBytes },
    clock: Date.now,
    isFull: () => deps.sink.health().waiting > 0,
    ...(timeZone === null ? {} : { timeZone }),
  })
}
