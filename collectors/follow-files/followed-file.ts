/** One followed file: what it is, how far it was read, and reading on from there. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Sink } from '../../services/transport/transport.ts'
import type { RetryOptions } from '../../services/runtime/retry.ts'
import { readSource } from '../files/read-source.ts'
import { sniffContainer } from '../formats/container-magic.ts'
import type { Format, FormatContext } from '../formats/format.ts'
import { unwrap } from '../formats/open-archive.ts'
import { detectFormat } from '../formats/registry.ts'
import type { Intake } from '../intake.ts'
import { EMPTY_HEAD, hasHead, isShort, readHead } from './file-head.ts'
import { createFileSender } from './file-sender.ts'
import type { Position } from './position-store.ts'
import { readAppended } from './read-appended.ts'

export type FollowedFileDeps = {
  readonly intake: Intake
  readonly sink: Sink
  readonly retry: RetryOptions
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly timeZone: string | undefined
  /** An unfinished record at the end of a file that has not changed for so long is given up as a dead letter. */
  readonly giveUpMs: number
}

/** As the system tells it: size in bytes, time of change in milliseconds since 1970. */
export type FileState = { readonly bytes: number; readonly changedMs: number }

export type FollowedFile = {
  readonly position: () => Position
  /** Bytes that are there and not safe with the sink. */
  readonly behind: () => number
  /** Why it is not read; undefined when it is. */
  readonly problem: () => string | undefined
  readonly isOpen: () => boolean
  /** Reads on, at most about 64 MiB. True when there is more. Rejects as the sink does, for good, or with the system's error. */
  look(path: string, state: FileState): Promise<boolean>
  /** The file has left its folder: reads what was added until then, where it was kept open. */
  finish(): Promise<void>
  close(): Promise<void>
}

const DETECT_BYTES = 64 * 1024
const PASS_BYTES = 64 * 1024 * 1024

type Kind = 'unknown' | 'whole' | { readonly format: Format }

export function createFollowedFile(start: Position, deps: FollowedFileDeps): FollowedFile {
  let position = start
  let file: FileHandle | undefined
  let kind: Kind = 'unknown'
  /** Size and time of change at the last look: whoever has not changed is not read again. */
  let lastStamp = ''
  let size = 0
  let problem: string | undefined
  const name = `files:${start.device}:${start.inode}`

  async function look(path: string, { bytes, changedMs }: FileState): Promise<boolean> {
    position = { ...position, path, seen_at: new Date(deps.clock()).toISOString() }
    size = bytes
    const stamp = `${bytes}:${changedMs}`
    if (stamp === lastStamp) {
      if (kind === 'whole') return stamp === position.stamp ? false : readWhole(path, stamp)
      return giveUpWhatIsIdle(path, deps.clock() - changedMs)
    }
    const opened = await openSame(path)
    if (opened === undefined) return false
    const isNew = lastStamp === ''
    await tellWhatItIs(opened, isNew)
    lastStamp = stamp
    return typeof kind === 'string' ? false : readOn(opened, kind.format, false)
  }

  /** undefined when the path means another file by now: the next look at the folder finds it. */
  async function openSame(path: string): Promise<FileHandle | undefined> {
    if (file !== undefined) return file
    const opened = await open(path, 'r')
    const { ino, dev } = await opened.stat({ bigint: true })
    if (String(ino) === position.inode && String(dev) === position.device) return (file = opened)
    await opened.close()
    return undefined
  }

  /** Begins anew where the content is no longer what it was (cut off, written again), and tells the format. */
  async function tellWhatItIs(opened: FileHandle, isNew: boolean): Promise<void> {
    if (size < position.offset || !(await hasHead(opened, position.head))) {
      position = { ...position, offset: 0, reported: 0, stamp: '', head: EMPTY_HEAD }
      kind = 'unknown'
    }
    if (isShort(position.head)) position = { ...position, head: await readHead(opened) }
    if (!isNew && kind !== 'unknown') return
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(DETECT_BYTES), 0, DETECT_BYTES, 0)
    kind = kindOf(buffer.subarray(0, bytesRead))
    problem = kind === 'unknown' && bytesRead > 0 ? 'no known format' : undefined
  }

  async function readOn(opened: FileHandle, format: Format, isFinal: boolean | 'cut'): Promise<boolean> {
    const from = position.offset
    const to = Math.min(size, from + PASS_BYTES)
    const sender = createSender((safe) => {
      position = { ...position, offset: Math.max(position.offset, safe) }
    })
    const stretch = { format, from, to, isFinal: isFinal === 'cut' || (isFinal && to === size) }
    for await (const piece of readAppended(opened, stretch, contextNow())) {
      await sender.add(
        deps.intake.take(piece.decoded, (at) => `${position.path}@${from + at}`),
        piece.position,
      )
    }
    await sender.flush()
    if (to === size) return false
    // A record that is larger than all that is read at once is cut in pieces, rather than waited for.
    if (position.offset === from) await readOn(opened, format, 'cut')
    return true
  }

  /** Nothing was added for long: what is left is reported, and read again if the rest comes after all. */
  async function giveUpWhatIsIdle(path: string, idleMs: number): Promise<boolean> {
    if (typeof kind === 'string' || idleMs < deps.giveUpMs || Math.max(position.offset, position.reported) >= size) {
      return false
    }
    const opened = await openSame(path)
    if (opened === undefined) return false
    const { offset } = position
    await readOn(opened, kind.format, true)
    position = { ...position, offset, reported: size }
    return false
  }

  async function readWhole(path: string, stamp: string): Promise<boolean> {
    const sender = createSender(() => undefined)
    problem = undefined
    let records = 0
    for await (const reading of readSource(unwrap({ path }), contextNow())) {
      if (reading.kind === 'skipped') problem = `${reading.path}: ${reading.reason}`
      if (reading.kind !== 'records') continue
      records += reading.decoded.length
      await sender.add(
        deps.intake.take(reading.decoded, (at) => `${reading.path}@${at}`),
        records,
      )
    }
    await sender.flush()
    position = { ...position, offset: size, stamp }
    return false
  }

  function createSender(onSafe: (position: number) => void) {
    return createFileSender({ sink: deps.sink, tenant: deps.intake.tenant, name, retry: deps.retry, onSafe })
  }

  function contextNow(): FormatContext {
    const receivedAt = new Date(deps.clock()).toISOString()
    return deps.timeZone === undefined ? { receivedAt } : { receivedAt, timeZone: deps.timeZone }
  }

  async function finish(): Promise<void> {
    if (file === undefined || typeof kind === 'string') return
    size = (await file.stat()).size
    while (position.offset < size && (await readOn(file, kind.format, true)));
  }

  async function close(): Promise<void> {
    const closing = file
    file = undefined
    await closing?.close()
  }

  return {
    position: () => position,
    behind: () => (kind === 'unknown' ? 0 : Math.max(0, size - Math.max(position.offset, position.reported))),
    problem: () => problem,
    isOpen: () => file !== undefined,
    look,
    finish,
    close,
  }
}

/** Text in UTF-8 is read on from where it was left. What has to be read from its beginning (archives, EVTX, UTF-16) is read whole. */
function kindOf(head: Uint8Array): Kind {
  if (sniffContainer(head) !== undefined) return 'whole'
  const format = detectFormat(head)
  if (format === undefined) return 'unknown'
  const isUtf16 = head.subarray(0, 4).some((byte) => byte === 0 || byte === 0xff || byte === 0xfe)
  return format.name === 'evtx' || isUtf16 ? 'whole' : { format }
}
