import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmbeddedStore } from '../../../services/store/clickhouse/clickhouse-store.ts'
import { acquireEngine, type Engine, joinEngine } from '../../../services/store/clickhouse/engine/engine.ts'
import { enginePaths, readEngineCard, writeEngineCard } from '../../../services/store/clickhouse/engine/engine-files.ts'
import { eventRow } from '../../support/classified-event.ts'
import { hasEngine, temporaryDirectory } from '../../support/clickhouse.ts'

const databases = ['roamwatch']

describe.skipIf(!hasEngine())('the embedded engine', () => {
  let directory: ReturnType<typeof temporaryDirectory>
  let dataDir: string
  beforeEach(() => {
    directory = temporaryDirectory()
    dataDir = directory.path
  })
  afterEach(() => directory.remove())
  const acquire = () => acquireEngine({ dataDir, databases })

  it('is started by the first, joined by the others and ends with the last', async () => {
    const first = await acquire()
    const second = await acquire()
    expect([first.isOwn, second.isOwn]).toEqual([true, false])
    expect(second.card).toEqual(first.card)
    await first.lease.release()
    expect(await version(second)).toMatch(/^\d+\.\d+/)
    await second.lease.release()
    await second.lease.release()
    await eventually(() => !isAlive(first.card.pid))
    expect(await readEngineCard(dataDir)).toBeUndefined()
    expect(await joinEngine(dataDir)).toBeUndefined()
    expect(readdirSync(enginePaths(dataDir).runs)).toEqual([])
  })

  it('is one, when several start it at the same moment', async () => {
    const engines = await Promise.all(Array.from({ length: 4 }, acquire))
    expect(new Set(engines.map(({ card }) => card.pid)).size).toBe(1)
    expect(engines.filter(({ isOwn }) => isOwn)).toHaveLength(1)
    await Promise.all(engines.map(({ lease }) => lease.release()))
    await eventually(() => !isAlive(engines[0]!.card.pid))
  })

  it('is taken over by a user that comes while it is ending', async () => {
    for (let round = 0; round < 4; round++) {
      const engine = await acquire()
      const leaving = engine.lease.release()
      const next = await acquire()
      expect(await version(next)).toMatch(/^\d/)
      await leaving
      await next.lease.release()
    }
  })

  it('ends when its only user was killed', async () => {
    const code = `import { acquireEngine } from ${JSON.stringify(join(import.meta.dirname, '../../../services/store/clickhouse/engine/engine.ts'))}
      const engine = await acquireEngine({ dataDir: ${JSON.stringify(dataDir)}, databases: ['roamwatch'] })
      console.log(engine.card.pid)
      setInterval(() => {}, 1000)`
    const user = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = (await once(user.stdout, 'data')) as [Buffer]
    const pid = Number(said.toString())
    expect(isAlive(pid)).toBe(true)
    user.kill('SIGKILL')
    await eventually(() => !isAlive(pid))
  })

  it('is started again by the next call after it was killed, with everything that was acknowledged', async () => {
    const store = createEmbeddedStore({ dataDir })
    await store.open()
    for (let round = 0; round < 3; round++) {
      await store.insertEvents([eventRow(`round ${round}`)])
      process.kill(store.describe().enginePid ?? 0, 'SIGKILL')
      await store
        .ping()
        .catch((error: unknown) => expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true }))
      const page = await retried(() => store.events({ tenant: 'default', filters: [], limit: 10 }))
      expect(page.events).toHaveLength(round + 1)
    }
    await store.close()
    await store.close()
    await expect(store.ping()).rejects.toMatchObject({ code: 'STOPPING' })
  })

  it('does not believe a stale or a damaged card', async () => {
    const paths = enginePaths(dataDir)
    writeFileSync(paths.card, '{"half')
    const engine = await acquire()
    await engine.lease.release()
    await writeEngineCard(dataDir, { ...engine.card, run: 'gone' })
    const again = await acquire()
    expect(again.isOwn).toBe(true)
    await again.lease.release()
  })

  it('does not take another program on the port of a stale card for an engine', async () => {
    const stranger = createServer((socket) => socket.end('hello\n')).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const { port } = stranger.address() as { port: number }
    await writeEngineCard(dataDir, {
      run: 'r',
      pid: 1,
      httpPort: port,
      leasePort: port,
      adminPassword: 'a',
      analystPassword: 'b',
      databases,
    })
    const engine = await acquire()
    expect(engine.isOwn).toBe(true)
    await engine.lease.release()
    stranger.close()
  })

  it('lets nobody in without the secret', async () => {
    const engine = await acquire()
    await writeEngineCard(dataDir, { ...engine.card, adminPassword: 'guessed' })
    expect(await joinEngine(dataDir)).toBeUndefined()
    expect(await ask(engine, 'SELECT 1', 'admin', 'guessed')).toMatchObject({ status: 403 })
    expect(await ask(engine, 'SELECT 1', 'default', '')).toMatchObject({ status: 401 })
    await engine.lease.release()
  })

  it('says that the directory is in use when its engine holds the lock and cannot be joined', async () => {
    const engine = await acquire()
    rmSync(enginePaths(dataDir).card)
    await expect(acquireEngine({ dataDir, databases, joinDeadlineMs: 300 })).rejects.toMatchObject({
      code: 'DATA_DIR_IN_USE',
    })
    await engine.lease.release()
  })

  it('says that a fixed port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await expect(acquireEngine({ dataDir, databases, httpPort: port })).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    other.close()
  })

  it('says that it cannot write where the path is no directory', async () => {
    const file = join(dataDir, 'file')
    writeFileSync(file, '')
    await expect(acquireEngine({ dataDir: file, databases })).rejects.toMatchObject({ code: 'ENGINE_START_FAILED' })
    mkdirSync(join(dataDir, 'deep'))
    const deep = join(dataDir, 'deep', 'er', "it's <odd> & d'eep".repeat(5))
    const engine = await acquireEngine({ dataDir: deep, databases })
    expect(await version(engine)).toMatch(/^\d/)
    await engine.lease.release()
  })

  it('logs what happens to it, and no statement', async () => {
    const engine = await acquire()
    expect((await ask(engine, `SELECT 'said in confidence'`)).status).toBe(200)
    await engine.lease.release()
    await eventually(() => !isAlive(engine.card.pid))
    const log = readFileSync(join(enginePaths(dataDir).logs, 'engine.log'), 'utf8')
    expect(log).toContain('<Information>')
    expect(log).not.toContain('said in confidence')
  })

  it('keeps its files from other users of the machine', async () => {
    const engine = await acquire()
    for (const name of readdirSync(dataDir, { recursive: true }) as string[]) {
      const mode = statSync(join(dataDir, name)).mode & 0o077
      expect(mode, name).toBe(0)
    }
    await engine.lease.release()
  })
})

async function ask(engine: Engine, query: string, user = 'admin', password = engine.card.adminPassword) {
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, Connection: 'close' }
  const response = await fetch(engine.url, { method: 'POST', body: query, headers })
  return { status: response.status, text: await response.text() }
}

const version = async (engine: Engine) => (await ask(engine, 'SELECT version()')).text

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came true')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === 20) throw error
    }
  }
}
