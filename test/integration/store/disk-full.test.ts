import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClickHouseStore, createEmbeddedStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { eventRow } from '../../support/classified-event.ts'
import { hasEngine, temporaryDirectory } from '../../support/clickhouse.ts'

/** Room for an engine and a few thousand rows. */
const DISK = '24m'

const directory = temporaryDirectory()
const isMounted = hasEngine() && mountSmallDisk(directory.path)

describe.skipIf(!isMounted)('a full disk', () => {
  let store: ClickHouseStore
  beforeAll(async () => {
    store = createEmbeddedStore({ dataDir: directory.path })
    await store.open()
  })
  afterAll(async () => {
    await store.close()
    execFileSync('umount', ['--lazy', directory.path])
    directory.remove()
  })

  it('refuses the insert with a clear message, and keeps and shows everything that it had taken', async () => {
    let taken = 0
    const fill = async () => {
      for (;;) {
        const rows = Array.from({ length: 500 }, (_, index) =>
          eventRow(`${taken} ${index}`, { message: randomBytes(1500).toString('base64') }),
        )
        await store.insertEvents(rows)
        taken += rows.length
      }
    }
    await expect(fill()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      retryable: false,
      message: expect.stringMatching(/disk full/) as string,
    })
    expect(taken).toBeGreaterThan(0)
    const range = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' }
    const trend = await store.trend({
      tenant: 'default',
      measure: 'events',
      interval: '1d',
      groupBy: [],
      filters: [],
      ...range,
    })
    expect(trend.total).toBe(taken)
  })
})

if (!isMounted) directory.remove()

function mountSmallDisk(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', path], { stdio: 'pipe' })
    return true
  } catch {
    console.log('not run: a full disk needs the right to mount a small one')
    return false
  }
}
