/** Sends what was read of one file, and lets its position move only when that is safe with the sink. */
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { retry, type RetryOptions } from '../../services/runtime/retry.ts'
import type { Sink } from '../../services/transport/transport.ts'
import type { Taken } from '../intake.ts'

export type FileSender = {
  /** Takes records up to `position`; sends when there are enough. Rejects as the sink does, for good. */
  add(taken: Taken, position: number): Promise<void>
  /** Sends the rest. */
  flush(): Promise<void>
}

export type FileSenderDeps = {
  readonly sink: Sink
  readonly tenant: string
  /** Names the file: the same after a restart, so that a dead letter that is read again is the same sighting. */
  readonly name: string
  readonly retry: RetryOptions
  /** Everything before this position is safe. */
  readonly onSafe: (position: number) => void
}

const MAX_EVENTS = 5_000
const MAX_BYTES = 8 * 1024 * 1024

export function createFileSender(deps: FileSenderDeps): FileSender {
  const { sink, tenant, name } = deps
  let events: WindowsEvent[] = []
  let deadLetters: DeadLetter[] = []
  let dropped = 0
  let bytes = 0
  let position: number | undefined

  async function flush(): Promise<void> {
    if (position === undefined) return
    const to = position
    const sends: Promise<unknown>[] = []
    if (events.length + dropped > 0) {
      const batch = { tenant, events, deadLetters: [], dropped, batchId: `${name}@${to}` }
      sends.push(retry(() => sink.send(batch), deps.retry))
    }
    if (deadLetters.length > 0) {
      const batch = { tenant, events: [], deadLetters, dropped: 0, batchId: name }
      sends.push(retry(() => sink.send(batch), deps.retry))
    }
    events = []
    deadLetters = []
    dropped = 0
    bytes = 0
    position = undefined
    await Promise.all(sends)
    deps.onSafe(to)
  }

  return {
    flush,
    async add(taken, to) {
      for (const event of taken.events) {
        events.push(event)
        bytes += 300 + (event.message?.length ?? 0)
      }
      for (const letter of taken.deadLetters) {
        deadLetters.push(letter)
        bytes += letter.bytes.length
      }
      dropped += taken.dropped
      position = to
      if (events.length + deadLetters.length >= MAX_EVENTS || bytes >= MAX_BYTES) await flush()
    },
  }
}
