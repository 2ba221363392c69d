/** What the engine keeps in the data directory, and the card by which other processes find it. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Files of one data directory. Everything is created with mode 0600 (folders 0700). */
export function enginePaths(dataDir: string) {
  return {
    /** How to reach the engine: ports and secrets. */
    card: join(dataDir, 'engine.json'),
    /** ClickHouse's own data; its `status` file is the lock. */
    database: join(dataDir, 'clickhouse'),
    /** One folder per attempt to start: generated settings and what the library printed. */
    runs: join(dataDir, 'run'),
    logs: join(dataDir, 'logs'),
  }
}

/** How to reach a running engine. Held in `engine.json`, mode 0600. */
export type EngineCard = {
  readonly run: string
  readonly pid: number
  readonly httpPort: number
  /** Loopback port where users of the engine hold a connection open. */
  readonly leasePort: number
  readonly adminPassword: string
  readonly analystPassword: string
  readonly databases: readonly string[]
}

/** The card of the directory's engine; undefined when there is none or it is damaged. It may be stale: only a lease proves it. */
export async function readEngineCard(dataDir: string): Promise<EngineCard | undefined> {
  let text: string
  try {
    text = await readFile(enginePaths(dataDir).card, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined
    throw error
  }
  try {
    const card: unknown = JSON.parse(text)
    return isEngineCard(card) ? card : undefined
  } catch {
    return undefined
  }
}

/** Replaces the card in one step, so that a reader never sees half of it. */
export async function writeEngineCard(dataDir: string, card: EngineCard): Promise<void> {
  const { card: path } = enginePaths(dataDir)
  const draft = `${path}.${card.run}`
  await writeFile(draft, `${JSON.stringify(card)}\n`, { mode: 0o600 })
  await rename(draft, path)
}

/** Takes the card away, unless another engine has written its own meanwhile. */
export async function removeEngineCard(dataDir: string, run: string): Promise<void> {
  const card = await readEngineCard(dataDir)
  if (card?.run === run) await rm(enginePaths(dataDir).card, { force: true })
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function isEngineCard(value: unknown): value is EngineCard {
  if (typeof value !== 'object' || value === null) return false
  const card = value as Record<string, unknown>
  return (
    ['run', 'adminPassword', 'analystPassword'].every((name) => typeof card[name] === 'string') &&
    ['pid', 'httpPort', 'leasePort'].every((name) => Number.isSafeInteger(card[name])) &&
    Array.isArray(card['databases'])
  )
}
