/** The API on a store, with its desk for dead letters, listening: what `roamwatch up` and `roamwatch serve` have in common. */
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import type { ApiPlugin } from '../query-api/api.ts'
import { createApp } from '../query-api/app.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Logger } from '../runtime/logging.ts'
import type { MetricsPage } from '../runtime/telemetry/metrics-page.ts'
import type { ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'
import type { Sink } from '../transport/transport.ts'
import { createDeadLetterDesk } from './dead-letter-desk.ts'
import { listen } from './listen.ts'

export type OpenApiDeps = {
  readonly store: ClickHouseStore
  readonly catalog: Catalog
  /** Where replayed dead letters go. */
  readonly sink: Sink
  readonly plugins: readonly ApiPlugin[]
  /** What readiness depends on besides the store. */
  readonly health: readonly HealthCheck[]
  readonly metrics: MetricsPage | undefined
  readonly log: Logger
}

export type OpenApi = { readonly url: string; close(): Promise<void> }

/** Rejects as `listen` does; then nothing is left open. */
export async function openApi(settings: Settings, deps: OpenApiDeps): Promise<OpenApi> {
  const { store, catalog, sink, plugins, health, metrics, log } = deps
  const app = await createApp({
    reader: store,
    deadLetters: createDeadLetterDesk(settings, { store, catalog, sink }),
    catalog,
    tenant: settings.tenant,
    logger: log,
    allowedHosts: settings.api_allowed_hosts,
    plugins,
    health,
    metrics,
  })
  try {
    return { url: await listen(app, settings), close: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}
