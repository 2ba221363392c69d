/** The embedded ClickHouse engine as something that can be killed, held and started again on the same data. */
import { setTimeout as delay } from 'node:timers/promises'
import { acquireEngine, type Engine } from '../../services/store/clickhouse/engine/engine.ts'
import type { StoreTarget } from './store-proxy.ts'

export type EngineControl = {
  /** undefined while it is down. */
  readonly target: StoreTarget | undefined
  readonly pid: number | undefined
  /** SIGKILL resolves when it has ended. */
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** After SIGKILL. */
  restart(): Promise<void>
  close(): Promise<void>
}

const DATABASES = ['roamwatch']
/** A killed engine's lock on its files is gone with it; the machine may be busy all the same. */
const JOIN_MS = 60_000

export async function startEngineControl(dataDir: string): Promise<EngineControl> {
  let engine: Engine | undefined = await acquireEngine({ dataDir, databases: DATABASES })

  async function kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const victim = engine
    if (victim === undefined) return
    process.kill(victim.card.pid, signal)
    if (signal !== 'SIGKILL') return
    engine = undefined
    await victim.lease.ended
  }

  return {
    get target() {
      return engine === undefined ? undefined : { url: engine.url, password: engine.card.adminPassword }
    },
    get pid() {
      return engine?.card.pid
    },
    kill,
    async restart() {
      engine ??= await acquireEngine({ dataDir, databases: DATABASES, joinDeadlineMs: JOIN_MS })
    },
    async close() {
      const last = engine
      engine = undefined
      if (last === undefined) return
      process.kill(last.card.pid, 'SIGCONT')
      await Promise.race([last.lease.release(), delay(JOIN_MS, undefined, { ref: false })])
    },
  }
}
