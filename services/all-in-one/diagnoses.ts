/** The findings of `roamwatch doctor`: one a thing that has to be there, in the order in which they depend on each other. */
import { constants, existsSync } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import type { Settings } from '../../schemas/settings.ts'
import type { ClickHouseStore } from '../store/clickhouse/clickhouse-store.ts'
import type { ClickHouseInspection } from '../store/clickhouse/inspect.ts'
import { createStore } from './create-store.ts'
import { failed, type Finding, ok, warning } from './finding.ts'
import { adviceForVersion } from '../store/clickhouse/tested-version.ts'
import { kafkaFindings } from './kafka-findings.ts'

const LEAST_FREE_BYTES = 2 ** 30
const API_TIMEOUT_MS = 3000
const MOST_CLOCK_DIFFERENCE_MS = 5_000

export async function* createDiagnoses(settings: Settings, catalog: Catalog): AsyncGenerator<Finding> {
  yield runtimeFinding()
  const causes = [...catalog.entries.keys()].length
  yield ok(
    'catalog',
    `version ${catalog.version}: ${causes} entries, ${catalog.codes.size} codes, ${catalog.providers.size} providers`,
  )
  if (settings.clickhouse_url === null) yield await dataDirectoryFinding(resolve(settings.data))
  if (settings.kafka_brokers.length > 0) yield* kafkaFindings(settings)
  const store = createStore(settings)
  try {
    yield* storeFindings(store, settings)
  } finally {
    await store.close()
  }
  yield await apiFinding(settings)
}

function runtimeFinding(): Finding {
  const { node } = process.versions
  const detail = `Node ${node} on ${process.platform} ${process.arch}`
  if (Number(node.split('.')[0]) >= 24) return ok('runtime', detail)
  return { check: 'runtime', status: 'failed', detail, fix: 'Node 24 or newer is needed' }
}

async function dataDirectoryFinding(path: string): Promise<Finding> {
  let existing = path
  while (!existsSync(existing)) existing = dirname(existing)
  try {
    await access(existing, constants.W_OK)
  } catch {
    return {
      check: 'data directory',
      status: 'failed',
      detail: `${existing} cannot be written`,
      fix: 'change its rights or choose another --data',
    }
  }
  const { bavail, bsize } = await statfs(existing)
  const free = bavail * bsize
  const detail = `${path}${existing === path ? '' : ' (not there yet)'}, ${(free / 2 ** 30).toFixed(1)} GiB free`
  if (free >= LEAST_FREE_BYTES) return ok('data directory', detail)
  return {
    check: 'data directory',
    status: 'warning',
    detail,
    fix: 'free some space: ClickHouse refuses inserts on a full disk',
  }
}

async function* storeFindings(store: ClickHouseStore, settings: Settings): AsyncGenerator<Finding> {
  try {
    const inspection = await store.inspect()
    const { kind, url } = store.describe()
    const what = kind === 'embedded' ? 'embedded ClickHouse engine' : 'ClickHouse server'
    yield versionFinding(`${what} ${inspection.version} at ${url ?? 'unknown'}`, inspection.version)
    yield clockFinding(inspection)
    await store.open()
    await store.ping()
    const { missing_migrations: missing } = inspection
    yield ok('migrations', missing.length === 0 ? 'schema up to date' : `applied just now: ${missing.join(', ')}`)
  } catch (error) {
    yield failed('store', error, 'docs/errors.md says what the code means')
    return
  }
  yield await contentFinding(store, settings.tenant)
}

function versionFinding(detail: string, version: string): Finding {
  const advice = adviceForVersion(version)
  return advice === undefined ? ok('store', detail) : warning('store', detail, advice)
}

function clockFinding({ clock_difference_ms: difference, clock_error_ms: error }: ClickHouseInspection): Finding {
  const detail = `ClickHouse's is ${Math.abs(difference)} ms ${difference < 0 ? 'behind' : 'ahead of'} this machine's (± ${error} ms)`
  if (Math.abs(difference) - error <= MOST_CLOCK_DIFFERENCE_MS) return ok('clock', detail)
  return warning('clock', detail, 'set both by NTP: retention and lag go by them')
}

async function contentFinding(store: ClickHouseStore, tenant: string): Promise<Finding> {
  const { events } = await store.events({ tenant, filters: [], limit: 1 })
  const [newest] = events
  if (newest === undefined) {
    return {
      check: 'events',
      status: 'warning',
      detail: `none of tenant ${tenant}`,
      fix: 'import some: roamwatch import FOLDER',
    }
  }
  const detail = `newest of tenant ${tenant} is of ${newest.occurred_at.slice(0, 19)}Z from ${newest.computer}`
  if (Date.parse(newest.occurred_at) <= Date.now() + 3_600_000) return ok('events', detail)
  return {
    check: 'events',
    status: 'warning',
    detail: `${detail}, in the future`,
    fix: `look at the clock of ${newest.computer} and of this machine`,
  }
}

/** The API of `roamwatch up`, where one runs; that none runs is no fault. */
async function apiFinding({ api_host: host, api_port: port }: Settings): Promise<Finding> {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(API_TIMEOUT_MS) })
    const { status, detail } = (await answer.json()) as { status?: unknown; detail?: unknown }
    if (answer.ok && status === 'ready') return ok('API', `${url} is ready`)
    return {
      check: 'API',
      status: 'failed',
      detail: `${url} answers ${answer.status}: ${String(detail)}`,
      fix: 'its log says more',
    }
  } catch {
    return {
      check: 'API',
      status: 'warning',
      detail: `nothing answers on ${url}`,
      fix: 'start it where it is wanted: roamwatch up',
    }
  }
}
