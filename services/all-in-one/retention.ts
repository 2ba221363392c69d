/** Keeps the store within `retention_days`: once at start, then every hour. */
import type { Settings } from '../../schemas/settings.ts'
import type { Part } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logging.ts'
import { createReminder } from '../runtime/reminder.ts'
import { retry } from '../runtime/retry.ts'
import type { ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'

const EVERY_MS = 3_600_000

export function createRetention(
  settings: Pick<Settings, 'retention_days'>,
  deps: { readonly store: Pick<ClickHouseStore, 'applyRetention'>; readonly log: Logger },
): Part {
  const interrupting = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function apply(): Promise<void> {
    await deps.store.applyRetention(settings.retention_days ?? undefined, new Date())
  }
  return {
    name: 'retention',
    /** Waits for a store that was there a moment ago and is not now; rejects with what waiting cannot mend. */
    async start() {
      const reminder = createReminder()
      await retry(apply, {
        deadlineMs: Infinity,
        signal: interrupting.signal,
        onRetry(error) {
          if (reminder.isDue()) deps.log.warn({ err: error }, 'retention could not be applied: trying again')
        },
      })
      timer = setInterval(() => {
        running = apply().catch((error: unknown) =>
          deps.log.warn({ err: error }, 'retention failed; next try in an hour'),
        )
      }, EVERY_MS)
    },
    async stop() {
      clearInterval(timer)
      await running
    },
    interrupt: () => interrupting.abort(),
  }
}
