/** The collector of the sample fleet: its past at once, and then what it logs as time goes by, through the usual intake. */
import { setTimeout } from 'node:timers/promises'
import { AppError } from '../../services/runtime/errors.ts'
import type { RetryOptions } from '../../services/runtime/retry.ts'
import type { Sink } from '../../services/transport/transport.ts'
import { BATCH_DEFAULTS, createBatchSender, type Sums } from '../batch-sender.ts'
import type { Collector } from '../collector.ts'
import { decodeMessage } from '../formats/registry.ts'
import type { Intake, Taken } from '../intake.ts'
import { SHAPES } from './fleet.ts'
import { createFleetSimulation, type FleetOptions, inBatches, type SimulatedRecord } from './simulate-fleet.ts'

export type SimulatorDeps = {
  readonly fleet: FleetOptions
  readonly intake: Intake
  /** Names this run in batch ids. */
  readonly runId: string
  readonly clock: () => number
  /** How long `fill` goes on with a batch that the store refuses for now; the trickle goes on until it is stopped. */
  readonly retry: RetryOptions
  /** How often the trickle looks what has happened since. */
  readonly intervalMs: number
  /** The trickle failed for good and has ended. */
  readonly onError: (error: unknown) => void
}

export type Simulator = Collector & {
  /** Sends the fleet's past, from `end - days` to `end`; resolves when it is stored. Before `start`, or not at all. */
  fill(sink: Sink): Promise<Sums>
}

export function createSimulator(deps: SimulatorDeps): Simulator {
  const simulation = createFleetSimulation(deps.fleet)
  const stopping = new AbortController()
  let isFilled = false
  let running: Promise<void> | undefined
  let round = 0

  async function sendUntil(timeMs: number, sink: Sink, retry: RetryOptions): Promise<Sums> {
    const runId = `${deps.runId}-${round++}`
    const sender = createBatchSender({ ...BATCH_DEFAULTS, sink, tenant: deps.intake.tenant, runId, retry })
    for await (const records of inBatches(simulation.until(timeMs))) {
      for (const taken of takeRecords(records, deps)) await sender.add(taken)
    }
    return sender.finish()
  }

  async function fill(sink: Sink): Promise<Sums> {
    isFilled = true
    return sendUntil(deps.fleet.end.getTime(), sink, deps.retry)
  }

  async function trickle(sink: Sink): Promise<void> {
    const { signal } = stopping
    try {
      // Not asked for: the past is passed over.
      if (!isFilled) for await (const _ of inBatches(simulation.until(deps.clock()))) if (signal.aborted) return
      while (!signal.aborted) {
        await sendUntil(deps.clock(), sink, { ...deps.retry, deadlineMs: Number.POSITIVE_INFINITY, signal })
        await setTimeout(deps.intervalMs, undefined, { signal }).catch(() => undefined)
      }
    } catch (error) {
      const isGivenUp = signal.aborted && error instanceof AppError && error.retryable
      if (!isGivenUp) deps.onError(error)
    }
  }

  return {
    fill,
    start(sink) {
      if (running !== undefined) return Promise.reject(new AppError('INTERNAL', 'The simulator was started twice.'))
      running = trickle(sink)
      return Promise.resolve()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Each shape's records are decoded together, as they would come from its shipper. */
function* takeRecords(
  records: readonly SimulatedRecord[],
  { intake, clock }: Pick<SimulatorDeps, 'intake' | 'clock'>,
): Generator<Taken> {
  const context = { receivedAt: new Date(clock()).toISOString() }
  for (const shape of SHAPES) {
    const texts = records.flatMap((record) => (record.shape === shape ? [record.text] : []))
    if (texts.length === 0) continue
    const decoded = decodeMessage(Buffer.from(texts.join('\n')), context)
    yield intake.take(decoded, (offset) => `simulator/${shape}@${offset}`)
  }
}
