/** A process that imports numbered rows in batches, as `roamwatch import` does: for tests that kill it. Prints `done` at the end. */
import { AppError } from '../../../services/runtime/errors.ts'
import { createEmbeddedStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { numberedRow } from './numbered-rows.ts'

const BATCH = 500

async function importRows(dataDir: string, count: number): Promise<void> {
  const store = createEmbeddedStore({ dataDir })
  await untilDone(() => store.open())
  for (let start = 0; start < count; start += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => numberedRow(start + index))
    await untilDone(() => store.insertEvents(rows))
    process.stdout.write('.')
  }
  await store.close()
  process.stdout.write('done')
}

/** What every sender does: send again while the store says that this may help. */
async function untilDone(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await call()
      return
    } catch (error) {
      if (!(error instanceof AppError && error.retryable)) throw error
    }
  }
}

const [dataDir, count] = process.argv.slice(2)
if (dataDir !== undefined) await importRows(dataDir, Number(count))
