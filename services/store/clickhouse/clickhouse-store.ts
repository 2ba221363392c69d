/** The store on ClickHouse: the embedded engine of a data directory, or a server. Everything else in this folder is a part of it. */
import type { Catalog } from '../../../schemas/catalog/catalog.ts'
import type { EventStore } from '../event-store.ts'
import {
  type ClickHouseAccess,
  embeddedAccess,
  type EmbeddedOptions,
  remoteAccess,
  type RemoteOptions,
} from './access.ts'
import { select } from './client.ts'
import { createInsertDeadLetterActions } from './insert-dead-letter-actions.ts'
import { createInsertDeadLetters } from './insert-dead-letters.ts'
import { createEventWriter } from './insert-events.ts'
import { type ClickHouseInspection, inspectClickHouse } from './inspect.ts'
import { migrate } from './migrate.ts'
import { publishCatalog } from './publish-catalog.ts'
import { createDeadLetterReader } from './read-dead-letters.ts'
import { createEventReader } from './read-events.ts'
import { createTrendReader } from './read-trend.ts'
import { applyRetention } from './retention.ts'
import { createSqlRunner } from './run-sql.ts'
import { withVersionAdvice } from './tested-version.ts'

export type ClickHouseStore = EventStore & {
  /** Connects (starting or joining the embedded engine) and brings the schema up to date. Safe to call twice. */
  open(): Promise<void>
  /** Makes the catalog and its codes readable in SQL. Writes each version once. */
  publishCatalog(catalog: Catalog): Promise<void>
  /** Hides and drops events older than `days` before `now`; undefined turns retention off. Safe to repeat. */
  applyRetention(days: number | undefined, now: Date): Promise<void>
  /** What there is before `open` changes it; starts the embedded engine. Rejects as `open` does. */
  inspect(): Promise<ClickHouseInspection>
  /** What it is connected to, without secrets. */
  describe: ClickHouseAccess['describe']
}

export type StoreOptions = {
  /** Longest question of the API, in seconds; 30 unless given. */
  readonly maxQuerySeconds?: number
}

const MAX_QUERY_SECONDS = 30

/** A store on the engine of a data directory: started, or joined when another process has started it. */
export function createEmbeddedStore(options: EmbeddedOptions & StoreOptions): ClickHouseStore {
  return createStore(embeddedAccess(options), options)
}

/** A store on a ClickHouse server. */
export function createRemoteStore(options: RemoteOptions & StoreOptions): ClickHouseStore {
  return createStore(remoteAccess(options), options)
}

function createStore(access: ClickHouseAccess, options: StoreOptions): ClickHouseStore {
  const { database, cluster } = access
  const placement = { database, cluster }
  const client = async () => (await access.connect()).admin
  const deps = { database, client, maxSeconds: options.maxQuerySeconds ?? MAX_QUERY_SECONDS }
  return {
    async open() {
      const { bare } = await access.connect()
      try {
        await migrate({ client: bare, ...placement })
      } catch (error) {
        throw await withVersionAdvice(error, bare)
      }
    },
    ...createEventWriter(deps),
    insertDeadLetters: createInsertDeadLetters(deps),
    insertDeadLetterActions: createInsertDeadLetterActions(deps),
    ...createDeadLetterReader(deps),
    ...createEventReader(deps),
    trend: createTrendReader(deps),
    runSql: createSqlRunner({
      reader: async () => (await access.connect()).reader,
      isReaderOurs: access.describe().kind === 'embedded',
    }),
    async ping() {
      await select(await client(), 'SELECT 1')
    },
    publishCatalog: async (catalog) => publishCatalog(await client(), database, catalog),
    applyRetention: async (days, now) => applyRetention(await client(), placement, days, now),
    inspect: async () => inspectClickHouse((await access.connect()).bare, database),
    describe: () => access.describe(),
    close: () => access.close(),
  }
}
