import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KafkaSink } from '../../../services/transport/kafka/kafka-sink.ts'
import type { Batch } from '../../../services/transport/transport.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { batchOf, committedOf, eventsOf, keeping, nameOf, planOf, sinkOf, sourceOf } from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const waiting = { timeout: 60_000, interval: 100 }

describe.skipIf(noBroker !== undefined)('when the broker fails', () => {
  let broker: Broker
  const opened: { stop(): Promise<void> }[] = []
  beforeEach(async () => {
    broker = await startBroker()
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((part) => part.stop()))
    await broker.stop()
  })

  /** As a collector does: the same batch until it is through. */
  async function sendUntilDone(sink: KafkaSink, batch: Batch): Promise<void> {
    for (;;) {
      const error: unknown = await sink.send(batch).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) return
      expect(error).toMatchObject({ retryable: true })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  it('loses no acknowledged event over kills of the broker, and reads on without being restarted', async () => {
    const plan = planOf(4)
    const kept = keeping()
    const sink = sinkOf(broker.brokers, plan, { sendDeadlineMs: 5_000 })
    const source = sourceOf(broker.brokers, plan, kept.handle)
    opened.push(sink, source)
    await sink.start()
    await source.start()
    const acknowledged = new Set<string>()
    let isSending = true
    const sender = async (number: number) => {
      for (let round = 0; isSending; round++) {
        const events = eventsOf(20, { devices: 5, from: (number * 1_000_000 + round) * 20 })
        await sendUntilDone(sink, batchOf(events))
        for (const event of events) acknowledged.add(nameOf(event))
      }
    }
    const senders = Promise.all([0, 1, 2].map(sender))
    // The second time longer than the session timeout and the deadline of sending: what an hour would do, too.
    for (const downMs of [0, 15_000]) {
      const before = acknowledged.size
      await expect.poll(() => acknowledged.size, waiting).toBeGreaterThan(before + 200)
      await broker.kill('SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, downMs))
      await broker.restart()
    }
    const before = acknowledged.size
    await expect.poll(() => acknowledged.size, waiting).toBeGreaterThan(before + 200)
    isSending = false
    await senders
    await expect.poll(() => missingOf(acknowledged, kept.events()), waiting).toEqual([])
    await expect.poll(() => source.health().state, waiting).toBe('reading')
    await expect
      .poll(() => source.health().partitions.every(({ lag_records }) => lag_records === 0), waiting)
      .toBe(true)
    expect(await committedOf(broker.brokers, plan)).toBeGreaterThanOrEqual(acknowledged.size)
  }, 180_000)

  it('rejects senders while the broker hangs, holds no memory for them, and goes on afterwards', async () => {
    const plan = planOf(2)
    const kept = keeping()
    const sink = sinkOf(broker.brokers, plan, { bufferBytes: 64 * 1024, sendDeadlineMs: 3_000 })
    const source = sourceOf(broker.brokers, plan, kept.handle)
    opened.push(sink, source)
    await sink.start()
    await source.start()
    await sink.send(batchOf(eventsOf(10)))
    await broker.kill('SIGSTOP')
    const sends = Array.from({ length: 20 }, (_, at) => sink.send(batchOf(eventsOf(100, { from: 1_000 + at * 100 }))))
    const results = await Promise.allSettled(sends)
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']))
    expect(sink.health()).toMatchObject({ state: 'failing', pending_bytes: 0, waiting: 0 })
    expect(sink.health().error).toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    await broker.kill('SIGCONT')
    const again = batchOf(eventsOf(100, { from: 50_000 }))
    await sendUntilDone(sink, again)
    await expect.poll(() => missingOf(again.events.map(nameOf), kept.events()), waiting).toEqual([])
    expect(sink.health()).toMatchObject({ state: 'ready', error: null })
  }, 240_000)

  it('is ready again when the broker is, although nobody sends: what balances load sends nothing to who is not ready', async () => {
    const plan = planOf(2)
    const sink = sinkOf(broker.brokers, plan, { sendDeadlineMs: 3_000 })
    opened.push(sink)
    await sink.start()
    await sink.send(batchOf(eventsOf(10)))
    await broker.kill('SIGKILL')
    await expect(sink.send(batchOf(eventsOf(10)))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    expect(sink.health()).toMatchObject({ state: 'failing', error: { code: 'BROKER_UNAVAILABLE' } })
    await broker.restart()
    await expect.poll(() => sink.health(), waiting).toMatchObject({ state: 'ready', error: null })
    await sink.send(batchOf(eventsOf(10)))
  }, 120_000)

  it('waits for a broker that is not there yet', async () => {
    const plan = planOf(2)
    await broker.kill('SIGKILL')
    const kept = keeping()
    const sink = sinkOf(broker.brokers, plan)
    const source = sourceOf(broker.brokers, plan, kept.handle)
    opened.push(sink, source)
    const started = Promise.all([sink.start(), source.start()])
    await expect.poll(() => source.health().error?.code, waiting).toBe('BROKER_UNAVAILABLE')
    expect(sink.health().state).not.toBe('ready')
    expect(source.health().state).toBe('waiting')
    await broker.restart()
    await started
    await sink.send(batchOf(eventsOf(10)))
    await expect.poll(() => kept.events().size, waiting).toBe(10)
  }, 120_000)

  it('stops at once while it waits for a broker', async () => {
    await broker.kill('SIGKILL')
    const plan = planOf(1)
    const sink = sinkOf(broker.brokers, plan)
    const source = sourceOf(broker.brokers, plan, keeping().handle)
    const started = Promise.allSettled([sink.start(), source.start()])
    await expect.poll(() => source.health().error?.code, waiting).toBe('BROKER_UNAVAILABLE')
    await Promise.all([sink.stop(), source.stop()])
    expect((await started).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  }, 120_000)
})

function missingOf(wanted: Iterable<string>, there: ReadonlySet<string>): string[] {
  return [...wanted].filter((name) => !there.has(name))
}
