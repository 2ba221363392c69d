/**
 * The embedded engine as its users see it: whoever comes first on a data directory starts it, the others join, and it ends
 * when the last one has left. The engine's own lock on the directory decides who is first; `engine.json` only says where to call.
 */
import { AppError } from '../../../runtime/errors.ts'
import { type EngineCard, isErrno, readEngineCard } from './engine-files.ts'
import { type Lease, takeLease } from './lease.ts'
import { startEngine, type StartOptions } from './start-engine.ts'

export type EngineOptions = StartOptions & {
  /** How long to wait for an engine that is just starting or ending, in milliseconds; 30 s unless given. */
  readonly joinDeadlineMs?: number
}

/** A running engine, and this process's right to use it. */
export type Engine = {
  readonly card: EngineCard
  readonly url: string
  /** True when this call started it, false when it joined one. */
  readonly isOwn: boolean
  readonly lease: Lease
}

const JOIN_DEADLINE_MS = 30_000
const RETRY_MS = 50

/**
 * Starts or joins the engine of a data directory.
 * Throws ENGINE_UNSUPPORTED, ENGINE_START_FAILED, PORT_IN_USE, or DATA_DIR_IN_USE when the directory stays locked by an engine that
 * does not answer or whose card cannot be read.
 */
export async function acquireEngine(options: EngineOptions): Promise<Engine> {
  const deadline = Date.now() + (options.joinDeadlineMs ?? JOIN_DEADLINE_MS)
  for (;;) {
    const joined = await joinEngine(options.dataDir)
    if (joined !== undefined) return joined
    const result = await startEngine(options)
    if (result.kind === 'started') {
      const lease = await takeLease(result.card.leasePort, result.card.adminPassword)
      if (lease !== undefined) return toEngine(result.card, lease, true)
    }
    if (Date.now() > deadline) throw inUse(options.dataDir)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** Joins the running engine of a data directory; undefined when none answers. */
export async function joinEngine(dataDir: string): Promise<Engine | undefined> {
  const card = await readCard(dataDir)
  if (card === undefined) return undefined
  const lease = await takeLease(card.leasePort, card.adminPassword)
  return lease === undefined ? undefined : toEngine(card, lease, false)
}

async function readCard(dataDir: string): Promise<EngineCard | undefined> {
  try {
    return await readEngineCard(dataDir)
  } catch (cause) {
    if (isErrno(cause, 'EACCES') || isErrno(cause, 'EPERM')) throw inUse(dataDir, cause)
    throw cause
  }
}

function toEngine(card: EngineCard, lease: Lease, isOwn: boolean): Engine {
  return { card, lease, isOwn, url: `http://127.0.0.1:${card.httpPort}` }
}

function inUse(dataDir: string, cause?: unknown): AppError {
  const message = `The data directory ${dataDir} is in use by an engine that cannot be joined. Stop it or choose another --data.`
  return new AppError('DATA_DIR_IN_USE', message, { cause })
}
