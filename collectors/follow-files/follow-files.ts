/**
 * Follows files and folders: new files, files that grow, are renamed, cut off or replaced. How far each was read is kept on
 * disk and moves only when the sink has what was read: a restart, however hard, repeats some and loses none.
 */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../../services/runtime/logging.ts'
import type { Sink } from '../../services/transport/transport.ts'
import type { Collector } from '../collector.ts'
import { walkFiles } from '../files/walk-files.ts'
import type { Intake } from '../intake.ts'
import { EMPTY_HEAD } from './file-head.ts'
import { createFollowedFile, type FollowedFile } from './followed-file.ts'
import { createPositionStore, type Position } from './position-store.ts'

export type FileFollowerDeps = {
  readonly paths: readonly string[]
  readonly intake: Intake
  readonly positionFile: string
  readonly pollMs: number
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly timeZone?: string
  /** The sink failed for good, or positions cannot be saved: nothing more is read. Called once. */
  readonly onFault: (error: unknown) => void
  /** See FollowedFileDeps; ten minutes unless given. */
  readonly giveUpMs?: number
}

export type FollowerHealth = {
  readonly files: number
  /** Bytes that are in the files and not safe with the sink; records that are not finished among them. */
  readonly lag_bytes: number
  /** When all paths were looked at last; null before the first time. ISO 8601 UTC. */
  readonly looked_at: string | null
  /** What is not read, and why; at most 100. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

export type FileFollower = Collector & { health(): FollowerHealth }

/** Kept open, so that what is added just before a file is deleted or moved away is read as well. */
const MAX_OPEN_FILES = 200
const FORGET_MS = 24 * 3_600_000
const GIVE_UP_MS = 600_000
const MAX_SKIPPED = 100

export function createFileFollower(deps: FileFollowerDeps): FileFollower {
  const ownFile = resolve(deps.positionFile)
  const store = createPositionStore(deps.positionFile, deps.log)
  const files = new Map<string, FollowedFile>()
  const skipped = new Map<string, string>()
  const stopping = new AbortController()
  let following: Promise<void> | undefined
  let lookedAt: string | null = null
  let saved = ''

  async function start(sink: Sink): Promise<void> {
    if (following !== undefined) throw new Error('the follower was started already')
    for (const position of await store.load()) add(position, sink)
    await save() // better refused now than after an hour
    following = follow(sink).catch((error: unknown) => {
      if (!stopping.signal.aborted) deps.onFault(error) // what was not sent is read again after the next start
    })
  }

  async function follow(sink: Sink): Promise<void> {
    while (!stopping.signal.aborted) {
      const hasMore = await lookAtAll(sink)
      if (!hasMore) await delay(deps.pollMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  async function lookAtAll(sink: Sink): Promise<boolean> {
    let hasMore = false
    const seen = new Set<string>()
    skipped.clear()
    for await (const found of walkFiles(deps.paths)) {
      if (stopping.signal.aborted) return false
      if (found.kind === 'skipped') skip(found.path, found.reason)
      else if (resolve(found.path).startsWith(ownFile)) skip(found.path, 'holds our own positions')
      else if (await lookAt(found.path, seen, sink)) hasMore = true
    }
    await leaveWhatIsGone(seen)
    await closeIdle()
    await save()
    lookedAt = new Date(deps.clock()).toISOString()
    return hasMore
  }

  async function lookAt(path: string, seen: Set<string>, sink: Sink): Promise<boolean> {
    try {
      const { dev, ino, size, mtimeMs } = await stat(path, { bigint: true })
      const id = `${dev}:${ino}`
      seen.add(id)
      const file = files.get(id) ?? add(fresh(path, dev, ino, deps.clock()), sink)
      const isFurther = await file.look(path, { bytes: Number(size), changedMs: Number(mtimeMs) })
      const problem = file.problem()
      if (problem !== undefined) skip(path, problem)
      if (isFurther) await save()
      return isFurther
    } catch (error) {
      if (!isFileError(error)) throw error
      skip(path, `cannot be read (${error.code})`)
      return false
    }
  }

  function add(position: Position, sink: Sink): FollowedFile {
    const { intake, clock, timeZone, giveUpMs = GIVE_UP_MS } = deps
    const retry = { deadlineMs: Infinity, signal: stopping.signal, onRetry }
    const file = createFollowedFile(position, { intake, sink, clock, timeZone, giveUpMs, retry })
    files.set(`${position.device}:${position.inode}`, file)
    return file
  }

  function onRetry(error: Error): void {
    deps.log.warn({ err: error }, 'what was read is not accepted for now: sending it again')
  }

  async function leaveWhatIsGone(seen: ReadonlySet<string>): Promise<void> {
    for (const [id, file] of files) {
      if (seen.has(id)) continue
      if (file.isOpen()) {
        await file.finish()
        await file.close()
      }
      if (deps.clock() - Date.parse(file.position().seen_at) > FORGET_MS) files.delete(id)
    }
  }

  /** Those that were looked at first, as they come. */
  async function closeIdle(): Promise<void> {
    const open = [...files.values()].filter((file) => file.isOpen())
    for (const file of open.slice(0, Math.max(0, open.length - MAX_OPEN_FILES))) await file.close()
  }

  /** Only when something moved; when a file was last seen matters by the hour. */
  async function save(): Promise<void> {
    const positions = [...files.values()].map((file) => file.position())
    const mark = JSON.stringify(positions.map((one) => ({ ...one, seen_at: one.seen_at.slice(0, 13) })))
    if (mark === saved) return
    await store.save(positions)
    saved = mark
  }

  function skip(path: string, reason: string): void {
    if (skipped.size < MAX_SKIPPED) skipped.set(path, reason)
  }

  async function stop(): Promise<void> {
    stopping.abort()
    await following
    following ??= Promise.resolve()
    for (const file of files.values()) await file.close()
    if (lookedAt !== null) await save()
  }

  return {
    start,
    stop,
    health: () => ({
      files: files.size,
      lag_bytes: [...files.values()].reduce((sum, file) => sum + file.behind(), 0),
      looked_at: lookedAt,
      skipped: [...skipped].map(([path, reason]) => ({ path, reason })),
    }),
  }
}

function fresh(path: string, device: bigint, inode: bigint, now: number): Position {
  const seen_at = new Date(now).toISOString()
  const rest = { head: EMPTY_HEAD, offset: 0, reported: 0, stamp: '', seen_at }
  return { path, device: String(device), inode: String(inode), ...rest }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
