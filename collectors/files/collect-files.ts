/** Collects the events of files and folders and sends them on: what `roamwatch import` does. */
import type { RetryOptions } from '../../services/runtime/retry.ts'
import type { Sink } from '../../services/transport/transport.ts'
import { BATCH_DEFAULTS, createBatchSender } from '../batch-sender.ts'
import type { Intake } from '../intake.ts'
import { createDropCount, type DroppedBy } from '../keep-providers.ts'
import { readPaths } from './read-paths.ts'

type Damaged = {
  readonly path: string
  /** In the unpacked content, in bytes; `length` 0 where the end is missing. */
  readonly offset: number
  readonly length: number
  readonly reason: string
}
type Skipped = { readonly path: string; readonly reason: string }

/** received = stored + duplicates + dead_lettered + dropped, where the transport waits for the store. */
export type FilesSummary = {
  /** Files, those inside archives included, whose content is of a known format. */
  readonly files: number
  readonly received: number
  /** New rows, and rows that were there already; both 0 where the transport does not wait for the store. */
  readonly stored: number
  readonly duplicates: number
  readonly dead_lettered: number
  readonly dropped: number
  readonly facts: number
  readonly damaged: readonly Damaged[]
  readonly skipped: readonly Skipped[]
  readonly dropped_by: readonly DroppedBy[]
  /** `retry.signal` ended the reading: the counts are of what was read until then. Left out otherwise. */
  readonly interrupted?: true
}

type FilesProgress = { readonly path: string; readonly files: number; readonly received: number }

export type CollectFilesDeps = {
  readonly intake: Intake
  readonly sink: Sink
  /** Names this run in batch ids: another run of the same files is another sighting of their dead letters. */
  readonly runId: string
  readonly clock: () => number
  /** How long to go on with a batch that the store refuses for now. Its `signal` also ends the reading. */
  readonly retry: RetryOptions
  /** IANA zone for shapes whose times carry none. */
  readonly timeZone?: string
  readonly stdin?: AsyncIterable<Uint8Array>
  readonly onProgress?: (progress: FilesProgress) => void
  readonly maxBatchEvents?: number
  readonly maxBatchBytes?: number
  readonly inFlight?: number
}

/**
 * Reads all of `paths` in constant memory and resolves when everything is safe with the sink. What cannot be read is in
 * the summary and never stops the rest; rejects only when the sink fails for good. When `retry.signal` is aborted, it reads no
 * further, waits until what it has read is safe, and resolves with that, `interrupted`. Running it again is harmless.
 */
export async function collectFiles(paths: readonly string[], deps: CollectFilesDeps): Promise<FilesSummary> {
  const { intake } = deps
  const sender = createBatchSender({ ...BATCH_DEFAULTS, ...deps, tenant: intake.tenant })
  const damaged = createBoundedList<Damaged>()
  const skipped = createBoundedList<Skipped>()
  const drops = createDropCount()
  let files = 0
  let received = 0

  const context = {
    receivedAt: new Date(deps.clock()).toISOString(),
    ...(deps.timeZone === undefined ? {} : { timeZone: deps.timeZone }),
  }
  for await (const reading of untilAborted(readPaths(paths, context, deps), deps.retry.signal)) {
    const { path } = reading
    if (reading.kind === 'opened') files++
    else if (reading.kind === 'skipped') skipped.add({ path, reason: reading.reason })
    else {
      const taken = intake.take(reading.decoded, (offset) => `${path}@${offset}`)
      for (const { offset, length, reason } of taken.damaged) damaged.add({ path, offset, length, reason })
      for (const { rule, provider, channel, events } of taken.droppedBy) drops.add(rule, provider, channel, events)
      received += taken.events.length + taken.deadLetters.length + taken.dropped
      await sender.add(taken)
    }
    deps.onProgress?.({ path, files, received })
  }
  const { stored = 0, duplicates = 0, dead_lettered, dropped } = await sender.finish()
  return {
    files,
    received,
    stored,
    duplicates,
    dead_lettered,
    dropped,
    facts: 0,
    damaged: damaged.list((more) => ({ path: '', offset: 0, length: 0, reason: `${more} more` })),
    skipped: skipped.list((more) => ({ path: '', reason: `${more} more` })),
    dropped_by: drops.list(),
    ...(deps.retry.signal?.aborted === true ? { interrupted: true } : {}),
  }
}

/** Ends with the signal, also while the source is silent (a pipe), whose next piece may never come. */
async function* untilAborted<T>(source: AsyncGenerator<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  // One waiter at a time: a race against one promise for all would keep every reading alive.
  let wake = (): void => undefined
  const onAbort = (): void => {
    wake()
  }
  signal?.addEventListener('abort', onAbort)
  try {
    while (signal?.aborted !== true) {
      const next = await new Promise<IteratorResult<T, unknown> | undefined>((resolve, reject) => {
        wake = () => {
          resolve(undefined)
        }
        source.next().then(resolve, reject)
      })
      if (next === undefined || next.done === true) return
      yield next.value
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    const closed = source.return(undefined)
    // A read that is under way in a silent pipe may never end.
    if (signal?.aborted === true) closed.catch(() => undefined)
    else await closed
  }
}

/** Hostile input must not fill the memory with reports; beyond this many they are only counted. */
const MAX_REPORTS = 10_000

function createBoundedList<T>() {
  const items: T[] = []
  let more = 0
  return {
    add(item: T): void {
      if (items.length < MAX_REPORTS) items.push(item)
      else more++
    },
    list: (summarise: (more: number) => T): readonly T[] => (more === 0 ? items : [...items, summarise(more)]),
  }
}
