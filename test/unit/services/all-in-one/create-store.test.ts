import { describe, expect, it } from 'vitest'
import { createStore } from '../../../../services/all-in-one/create-store.ts'
import { readSettings } from '../../../../services/runtime/settings.ts'

const storeOf = (env: Readonly<Record<string, string>>) => createStore(readSettings({ env }))
const refusal = (code: string, words: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(words) as string }) as Error

describe('the store that the settings ask for', () => {
  it('is a server where there is a URL, of a cluster where that is named', async () => {
    const server = { ROAMWATCH_CLICKHOUSE_URL: 'http://clickhouse:8123' }
    for (const env of [server, { ...server, ROAMWATCH_CLICKHOUSE_CLUSTER: 'wide' }]) {
      const store = storeOf(env)
      expect(store.describe()).toMatchObject({ kind: 'remote', url: 'http://clickhouse:8123' })
      await store.close()
    }
  })

  it('cannot be a cluster of the embedded engine', () => {
    expect(() => storeOf({ ROAMWATCH_CLICKHOUSE_CLUSTER: 'wide' })).toThrow(
      refusal('SETTINGS_INVALID', 'clickhouse_cluster needs clickhouse_url'),
    )
  })

  it.each(['a b', "x'; DROP DATABASE roamwatch", '1st'])('takes no %j for the name of a cluster', (name) => {
    const env = { ROAMWATCH_CLICKHOUSE_URL: 'http://clickhouse:8123', ROAMWATCH_CLICKHOUSE_CLUSTER: name }
    expect(() => storeOf(env)).toThrow(refusal('SETTINGS_INVALID', 'ROAMWATCH_CLICKHOUSE_CLUSTER'))
  })
})
