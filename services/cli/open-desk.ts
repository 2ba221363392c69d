/** What the commands about dead letters work with, opened before and closed after them. */
import { loadCatalog } from '../../schemas/catalog/load-catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import { createStore } from '../all-in-one/create-store.ts'
import { createDeadLetterDesk, type WholeDesk } from '../all-in-one/dead-letter-desk.ts'
import { createSpine } from '../all-in-one/spine.ts'
import { createLifecycle, type Part } from '../runtime/lifecycle.ts'
import { createLogger, type Logger } from '../runtime/logging.ts'
import { createSink, sinkParts } from '../separate/kafka-parts.ts'
import type { ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'
import type { Sink } from '../transport/transport.ts'

/** How long a replay goes on asking a store or broker that does not answer. */
const RETRY_DEADLINE_MS = 60_000

export async function withStore(settings: Settings, work: (store: ClickHouseStore) => Promise<void>): Promise<void> {
  const store = createStore(settings)
  try {
    await store.open()
    await work(store)
  } finally {
    await store.close()
  }
}

type Opened = { readonly store: ClickHouseStore; readonly sink: Sink; readonly parts: readonly Part[] }

/** With brokers set, what is replayed goes through Kafka and is stored by the processors; else it is processed here. */
export async function withDesk(
  settings: Settings,
  options: { readonly signal: AbortSignal; readonly logLevel: string },
  work: (desk: WholeDesk) => Promise<void>,
): Promise<void> {
  const log = createLogger({ level: options.logLevel, service: 'roamwatch dead-letters' })
  const { store, sink, parts } = settings.kafka_brokers.length === 0 ? createSpine(settings) : overKafka(settings, log)
  const lifecycle = createLifecycle(parts, { log, deadlineMs: settings.stop_deadline_ms })
  const retry = {
    deadlineMs: RETRY_DEADLINE_MS,
    signal: options.signal,
    onRetry: (error: Error) => log.warn({ err: error }, 'a letter was refused for now; sending it again'),
  }
  try {
    await lifecycle.start()
    await work(createDeadLetterDesk(settings, { store, sink, catalog: loadCatalog(), retry }))
  } finally {
    await lifecycle.stop()
  }
}

function overKafka(settings: Settings, log: Logger): Opened {
  const store = createStore(settings)
  const sink = createSink(settings, log)
  const { connecting, connected } = sinkParts(sink)
  const storePart = { name: 'store', start: () => store.open(), stop: () => store.close() }
  return { store, sink, parts: [storePart, connecting, connected] }
}
