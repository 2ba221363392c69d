/**
 * The transport within one process: hands batches straight to the processor and resolves each `send()` when the store has
 * its rows. Sends of many small senders are put together into one hand-over (a micro-batch), since the store likes few
 * large inserts; each sender still gets its own receipt. Nothing is ever dropped: when too much is pending, `send()` waits.
 */
import type { SpanContext } from '@opentelemetry/api'
import { AppError } from '../../runtime/errors.ts'
import { inSpan, originOf, senderOf } from '../../runtime/telemetry/spans.ts'
import type { Batch, BatchHandler, Receipt, Transport } from '../transport.ts'

export type DirectTransportDeps = {
  readonly handle: BatchHandler
  /** A micro-batch is handed over as soon as it holds this many events; a larger single batch goes alone and whole. */
  readonly maxBatchEvents: number
  /** …or when its first batch has waited this long. */
  readonly maxWaitMs: number
  /** Events that may be accepted and not yet stored; beyond it senders wait, in order. One batch is always accepted. */
  readonly maxPendingEvents: number
  /** Micro-batches that are handled at the same time. */
  readonly inFlight: number
}

type Sending = {
  readonly batch: Batch
  readonly size: number
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: unknown) => void
  /** The span that sent it. */
  readonly sender: SpanContext | undefined
}

export function createDirectTransport(deps: DirectTransportDeps): Transport {
  let state: 'new' | 'running' | 'stopping' = 'new'
  /** Sent, but there was no room yet. */
  const waiting: Sending[] = []
  /** Accepted, for the next micro-batch. */
  const accepted: Sending[] = []
  let acceptedEvents = 0
  let pendingEvents = 0
  let running = 0
  let isDue = false
  let timer: NodeJS.Timeout | undefined
  let stopped: Promise<void> | undefined
  let onStopped: () => void = () => undefined

  function send(batch: Batch): Promise<Receipt> {
    if (state !== 'running') {
      return Promise.reject(new AppError('STOPPING', 'The transport does not run.', { retryable: true }))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>()
    // Dead letters are rows too, and an empty batch is still a hand-over.
    const size = Math.max(1, batch.events.length + batch.deadLetters.length)
    waiting.push({ batch, size, resolve, reject, sender: senderOf() })
    advance()
    return promise
  }

  function advance(): void {
    acceptWaiting()
    while (running < deps.inFlight && accepted.length > 0 && isReady()) void runMicroBatch(takeMicroBatch())
    if (accepted.length > 0 && !isDue) timer ??= setTimeout(onDue, deps.maxWaitMs)
    if (state === 'stopping' && running === 0 && accepted.length === 0) onStopped()
  }

  function acceptWaiting(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (pendingEvents > 0 && pendingEvents + next.size > deps.maxPendingEvents) return
      waiting.shift()
      accepted.push(next)
      acceptedEvents += next.size
      pendingEvents += next.size
    }
  }

  /** Senders that wait for room can only get it from what is accepted, so then nobody lingers. */
  function isReady(): boolean {
    return isDue || state === 'stopping' || acceptedEvents >= deps.maxBatchEvents || waiting.length > 0
  }

  function onDue(): void {
    timer = undefined
    isDue = true
    advance()
  }

  function takeMicroBatch(): readonly Sending[] {
    const taken: Sending[] = []
    let events = 0
    for (let next = accepted[0]; next !== undefined; next = accepted[0]) {
      if (taken.length > 0 && events + next.size > deps.maxBatchEvents) break
      accepted.shift()
      taken.push(next)
      events += next.size
    }
    acceptedEvents -= events
    if (accepted.length === 0) {
      isDue = false
      clearTimeout(timer)
      timer = undefined
    }
    return taken
  }

  async function runMicroBatch(sendings: readonly Sending[]): Promise<void> {
    running++
    const origin = originOf(sendings.map(({ sender }) => sender))
    await inSpan('process', { kind: 'consumer', origin }, () => handleSendings(deps.handle, sendings))
    running--
    for (const { size } of sendings) pendingEvents -= size
    advance()
  }

  return {
    send,
    start() {
      if (state === 'new') state = 'running'
      return Promise.resolve()
    },
    stop() {
      stopped ??= new Promise((resolve) => {
        state = 'stopping'
        onStopped = resolve
        advance()
      })
      return stopped
    },
  }
}

/** Settles every sending; never rejects. */
async function handleSendings(handle: BatchHandler, sendings: readonly Sending[]): Promise<void> {
  try {
    const receipts = await handle(sendings.map(({ batch }) => batch))
    if (receipts.length !== sendings.length) {
      throw new AppError('INTERNAL', `${sendings.length} batches were handled with ${receipts.length} receipts.`)
    }
    sendings.forEach(({ resolve }, at) => resolve(receipts[at] as Receipt))
  } catch (error) {
    if (sendings.length === 1 || isOutage(error)) for (const { reject } of sendings) reject(error)
    // One batch's own content may be at fault: alone, it fails alone. What was stored already is stored again, harmlessly.
    else for (const sending of sendings) await handleSendings(handle, [sending])
  }
}

/** The store cannot be reached: it would fail every batch alike, and asking once for each makes it worse. */
function isOutage(error: unknown): boolean {
  return error instanceof AppError && error.retryable
}
