/**
 * The stages behind a collector, in one process: direct transport, processor and store. `roamwatch import` and
 * `roamwatch up` send into the same one.
 */
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Part } from '../runtime/lifecycle.ts'
import type { ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'
import type { Sink } from '../transport/transport.ts'
import { createStore } from './create-store.ts'
import { createDirectSink } from './direct-sink.ts'

export type Spine = {
  readonly catalog: Catalog
  readonly store: ClickHouseStore
  /** Resolves a `send()` when the store can read the rows or, over Kafka, when the brokers have the events. */
  readonly sink: Sink
  /** In starting order. */
  readonly parts: readonly Part[]
  /** What readiness depends on besides the store. */
  readonly checks?: readonly HealthCheck[]
  /** The sink holds all that it may. */
  readonly isFull?: () => boolean
}

export function createSpine(settings: Settings): Spine {
  const catalog = loadCatalog()
  const store = createStore(settings)
  const transport = createDirectSink(store, catalog)

  return {
    catalog,
    store,
    sink: transport,
    parts: [
      {
        name: 'store',
        async start() {
          await store.open()
          await store.publishCatalog(catalog)
        },
        stop: () => store.close(),
      },
      { name: 'transport', start: () => transport.start(), stop: () => transport.stop() },
    ],
  }
}
