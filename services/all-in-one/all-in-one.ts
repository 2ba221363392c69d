/** Every stage in one process: collectors over HTTP, transport (direct or Kafka), processor, store and API. What `npm start` runs. */
import { createIntake } from '../../collectors/intake.ts'
import { createHttpGateway } from '../../collectors/http-gateway/http-gateway.ts'
import type { Settings } from '../../schemas/settings.ts'
import { createLifecycle, type Lifecycle, type Part } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logging.ts'
import { createTally } from '../runtime/telemetry/collect-tally.ts'
import type { MetricsPage } from '../runtime/telemetry/metrics-page.ts'
import { observeChecks } from '../runtime/telemetry/observe-checks.ts'
import { observedPart } from '../runtime/telemetry/observed-part.ts'
import { createKafkaSpine } from './kafka-spine.ts'
import { openApi, type OpenApi } from './open-api.ts'
import { createRetention } from './retention.ts'
import { createSampleFleet } from './sample-fleet.ts'
import { createSpine, type Spine } from './spine.ts'

export type AllInOneOptions = {
  /** Fill an empty store with a made-up fleet and go on adding to it. */
  readonly hasSample: boolean
  /** A broker between collectors and processor instead of the direct transport. */
  readonly isOverKafka: boolean
  readonly log: Logger
  /** Only a restart can help. */
  readonly onFault: (error: unknown) => void
  /** What `/metrics` shows; undefined where it is switched off. */
  readonly metrics?: MetricsPage | undefined
}
export type AllInOne = Lifecycle & {
  /** Where the API listens, once started. */
  url(): string
}

export function createAllInOne(settings: Settings, options: AllInOneOptions): AllInOne {
  const { log } = options
  const spine = options.isOverKafka ? createKafkaSpine(settings, options) : createSpine(settings)
  const { store, catalog, sink } = spine
  const api = createApiPart(settings, spine, options)
  const sample = createSampleFleet({ store, catalog, sink, tenant: settings.tenant, dataDir: settings.data, log })
  const parts = [...spine.parts, createRetention(settings, { store, log }), api, ...(options.hasSample ? [sample] : [])]
  return { ...createLifecycle(parts, { log, deadlineMs: settings.stop_deadline_ms }), url: () => api.url() }
}

function createApiPart(
  settings: Settings,
  spine: Spine,
  { log, metrics }: Pick<AllInOneOptions, 'log' | 'metrics'>,
): Part & { url(): string } {
  const { store, catalog, sink, isFull, checks = [] } = spine
  const observed = [{ name: 'store', check: () => store.ping() }, ...checks]
  let api: OpenApi | undefined
  const part: Part = {
    name: 'api',
    async start() {
      const { time_zone: timeZone, max_body_bytes: maxBodyBytes } = settings
      const intake = createHttpIntake(settings, catalog)
      const gateway = createHttpGateway({
        intake,
        sink,
        limits: { maxBodyBytes },
        clock: Date.now,
        ...(timeZone === null ? {} : { timeZone }),
        ...(isFull === undefined ? {} : { isFull }),
      })
      const deps = { store, catalog, sink, plugins: [gateway], health: checks, metrics, log }
      api = await openApi(settings, deps)
    },
    stop: async () => api?.close(),
  }
  return { ...observedPart(part, () => observeChecks(observed)), url: () => api?.url ?? '' }
}

function createHttpIntake(settings: Settings, catalog: Spine['catalog']) {
  const { tenant, keep, retention_days: retentionDays } = settings
  const rest = { tenant, keep, retentionDays, clock: Date.now }
  return createIntake({ ...rest, catalog, sourceKind: 'http', tally: createTally('http') })
}
