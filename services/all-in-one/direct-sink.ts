/** Transport and processor in one process, in front of a store: what a collector sends is stored when `send()` resolves. */
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import { loadRules } from '../../schemas/catalog/load-rules.ts'
import { createHandleBatch } from '../processor/handle-batch.ts'
import { createPipeline } from '../processor/pipeline.ts'
import type { EventWriter } from '../store/event-store.ts'
import { createDirectTransport } from '../transport/direct/direct-transport.ts'
import type { Transport } from '../transport/transport.ts'

/** Chosen by `npm run bench -- import`: ClickHouse likes few large inserts, and with four in flight this process never waits for it. */
const MICRO_BATCH = { maxBatchEvents: 10_000, maxWaitMs: 20, maxPendingEvents: 60_000, inFlight: 4 }

export function createDirectSink(store: EventWriter, catalog: Catalog): Transport {
  const pipeline = createPipeline({ catalog, rules: loadRules(), now: () => new Date() })
  return createDirectTransport({ ...MICRO_BATCH, handle: createHandleBatch({ pipeline, store }) })
}
