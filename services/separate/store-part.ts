/** The store as a part of a service: waits until ClickHouse answers, rather than ending and being started over and over. */
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Part } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logging.ts'
import { createReminder } from '../runtime/reminder.ts'
import { retry } from '../runtime/retry.ts'
import type { ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'

export function createStorePart(
  store: ClickHouseStore,
  deps: { readonly catalog: Catalog; readonly log: Logger },
): { readonly part: Part; readonly check: HealthCheck } {
  const interrupting = new AbortController()
  let isOpen = false
  let waitsFor: Error | undefined

  /** Rejects at once with what waiting cannot mend: SCHEMA_AHEAD, MIGRATION_CHANGED, STORE_REFUSED, … */
  async function start(): Promise<void> {
    const reminder = createReminder()
    await retry(
      async () => {
        await store.open()
        await store.publishCatalog(deps.catalog)
      },
      {
        deadlineMs: Infinity,
        signal: interrupting.signal,
        onRetry(error) {
          waitsFor = error
          if (reminder.isDue()) deps.log.warn({ err: error }, 'ClickHouse does not answer: waiting for it')
        },
      },
    )
    if (waitsFor !== undefined) deps.log.info('ClickHouse answers')
    isOpen = true
  }

  return {
    part: { name: 'store', start, stop: () => store.close(), interrupt: () => interrupting.abort() },
    check: {
      name: 'store',
      async check() {
        if (!isOpen) throw waitsFor ?? new Error('not open yet')
        await store.ping()
      },
    },
  }
}
