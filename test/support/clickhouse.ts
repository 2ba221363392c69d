/**
 * A real ClickHouse for tests: one embedded engine for a test run, a database of its own for every store.
 * `setup` and `teardown` have the shape of vitest's globalSetup; without them the first store of a process starts an engine of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedAccess } from '../../services/store/clickhouse/access.ts'
import { type ClickHouseStore, createEmbeddedStore } from '../../services/store/clickhouse/clickhouse-store.ts'
import type { Client } from '../../services/store/clickhouse/client.ts'
import { acquireEngine, type Engine } from '../../services/store/clickhouse/engine/engine.ts'
import { findEngineLibrary } from '../../services/store/clickhouse/engine/engine-library.ts'

const DIRECTORY = 'ROAMWATCH_TEST_ENGINE_DIR'
/** Names that the engine's readers are granted; a store takes the first that nobody has. */
const DATABASES = Array.from({ length: 300 }, (_, index) => `roamwatch_test_${String(index).padStart(3, '0')}`)
const DATABASE_EXISTS = '82'

/** False, with one line that says why, where this machine has no engine. */
export function hasEngine(): boolean {
  try {
    findEngineLibrary()
    return true
  } catch (error) {
    console.log(`not run: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

/** A fresh directory, and how to remove it. */
export function temporaryDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'roamwatch-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

let running: { readonly engine: Engine; readonly remove: () => void } | undefined

/** Starts the engine of a test run. Returns its data directory. */
export async function startTestEngine(): Promise<string> {
  const { path, remove } = temporaryDirectory()
  running = { engine: await acquireEngine({ dataDir: path, databases: DATABASES }), remove }
  process.env[DIRECTORY] = path
  return path
}

/** Ends it and removes its files. Safe to call twice. */
export async function stopTestEngine(): Promise<void> {
  await running?.engine.lease.release()
  running?.remove()
  running = undefined
  Reflect.deleteProperty(process.env, DIRECTORY)
}

export async function setup(): Promise<void> {
  if (hasEngine()) await startTestEngine()
}
export const teardown = stopTestEngine

export type TestStore = {
  readonly store: ClickHouseStore
  readonly database: string
  /** Sees everything, for asserting on what is really stored. */
  readonly admin: Client
  readonly dataDir: string
  /** Drops the database and leaves the engine. */
  remove(): Promise<void>
}

/** An open store on an empty database of its own. */
export async function createTestStore(options: { readonly maxQuerySeconds?: number } = {}): Promise<TestStore> {
  const dataDir = process.env[DIRECTORY] ?? (await startTestEngine())
  const access = embeddedAccess({ dataDir, databases: DATABASES })
  const { bare } = await access.connect()
  const database = await claimDatabase(bare)
  const own = embeddedAccess({ dataDir, databases: DATABASES, database })
  const { admin } = await own.connect()
  const store = createEmbeddedStore({ dataDir, databases: DATABASES, database, ...options })
  await store.open()
  const remove = async () => {
    await bare.command({ query: `DROP DATABASE IF EXISTS ${database} SYNC` })
    await store.close()
    await own.close()
    await access.close()
  }
  return { store, database, admin, dataDir, remove }
}

async function claimDatabase(client: Client): Promise<string> {
  for (const name of DATABASES) {
    try {
      await client.command({ query: `CREATE DATABASE ${name} ENGINE = Atomic` })
      return name
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === DATABASE_EXISTS)) throw error
    }
  }
  throw new Error('every test database is taken')
}
