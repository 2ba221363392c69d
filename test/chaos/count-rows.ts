/** How many rows ClickHouse has, copies of an event included: for saying how far a run is. Asked directly, whatever the proxy does. */
import { type Client, openClient } from '../../services/store/clickhouse/client.ts'
import type { EngineControl } from './engine-control.ts'

export type RowCounter = { readonly count: () => Promise<number>; readonly close: () => Promise<void> }

/** Of an engine that goes on as long as the counter is used. */
export function createRowCounter({ target }: EngineControl): RowCounter {
  if (target === undefined) throw new Error('there is no engine to ask')
  const client: Client = openClient({ ...target, username: 'admin', database: 'roamwatch' })
  return {
    async count() {
      const answer = await client.query({ query: 'SELECT count() FROM _events', format: 'TabSeparated' })
      return Number(await answer.text())
    },
    close: () => client.close(),
  }
}
