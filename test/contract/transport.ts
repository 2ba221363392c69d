/**
 * What every transport promises, as one suite. A transport's own test file calls `testTransport` with a factory that
 * builds it around a handler; each test gets a fresh one.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { AppError } from '../../services/runtime/errors.ts'
import type { Batch, BatchHandler, Receipt, Transport } from '../../services/transport/transport.ts'

export type TransportUnderTest = {
  readonly transport: Transport
  /** True when a receipt tells `stored` and `duplicates`, that is, when `send()` waits for the handler. */
  readonly waitsForStore: boolean
  /** Releases what the factory made beside the transport (topics, consumers). */
  readonly dispose?: () => Promise<void>
}

export function batchOf(batchId: string, events: number, rest: Partial<Batch> = {}): Batch {
  return {
    tenant: 'default',
    events: Array.from({ length: events }, (_, at) => eventOf(`${batchId}-${at}`)),
    deadLetters: [],
    dropped: 0,
    batchId,
    ...rest,
  }
}

/** Counts a batch as a store that sees everything for the first time would. */
export function receiptOf(batch: Batch): Receipt {
  const accepted = batch.events.length
  const dead_lettered = batch.deadLetters.length
  const received = accepted + dead_lettered + batch.dropped
  return { received, accepted, dead_lettered, dropped: batch.dropped, stored: accepted, duplicates: 0 }
}

export function testTransport(name: string, create: (handle: BatchHandler) => Promise<TransportUnderTest>): void {
  describe(`${name} as a transport`, () => {
    const opened: TransportUnderTest[] = []
    const open = async (handle: BatchHandler) => {
      const made = await create(handle)
      opened.push(made)
      await made.transport.start()
      return made
    }
    afterEach(async () => {
      for (const { transport, dispose } of opened.splice(0)) {
        await transport.stop()
        await dispose?.()
      }
    })

    it('hands over every event once, whole and in the order of its batch', async () => {
      const seen: Batch[] = []
      const { transport } = await open(collecting(seen))
      const batches = Array.from({ length: 20 }, (_, at) => batchOf(`b${at}`, at % 5, { dropped: at % 3 }))
      await Promise.all(batches.map((batch) => transport.send(batch)))
      await expect.poll(() => eventsIn(seen).length).toBe(eventsIn(batches).length)
      expect(eventsIn(seen).toSorted(byRecord)).toEqual(eventsIn(batches).toSorted(byRecord))
    })

    it('keeps values that are easily spoilt on the way', async () => {
      const seen: Batch[] = []
      const { transport } = await open(collecting(seen))
      const event = eventOf('x', {
        record_id: '18446744073709551615',
        message: 'Grüße \u{1F600} \u0000 \r\n "quoted" \\ \u2028',
        data: JSON.parse('{"":"empty name","__proto__":"p","param1":"","Name#2":"\\ud83d\\ude00"}') as Record<
          string,
          string
        >,
      })
      await transport.send(batchOf('b', 0, { tenant: 'ten ant/ü', events: [event], deadLetters: [letterOf('l')] }))
      await expect.poll(() => eventsIn(seen).length).toBe(1)
      expect(eventsIn(seen)).toEqual([event])
      await expect.poll(() => seen.flatMap((batch) => batch.deadLetters)).toEqual([letterOf('l')])
      expect(new Set(seen.map((batch) => batch.tenant))).toEqual(new Set(['ten ant/ü']))
    })

    it("gives each sender its own batch's counts", async () => {
      const { transport, waitsForStore } = await open(collecting([]))
      const sent = [
        batchOf('a', 3, { dropped: 2 }),
        batchOf('b', 0, { dropped: 7 }),
        batchOf('c', 2, { deadLetters: [letterOf('l')] }),
      ]
      const receipts = await Promise.all(sent.map((batch) => transport.send(batch)))
      sent.forEach((batch, at) => {
        const { stored, duplicates, ...counts } = receiptOf(batch)
        expect(receipts[at]).toEqual(waitsForStore ? { ...counts, stored, duplicates } : counts)
      })
    })

    it('has handed over all that was sent when stop resolves, and refuses what comes later', async () => {
      const seen: Batch[] = []
      const { transport, waitsForStore } = await open(collecting(seen))
      const sends = Array.from({ length: 10 }, (_, at) => transport.send(batchOf(`b${at}`, 2)))
      await transport.stop()
      await Promise.all(sends)
      if (waitsForStore) expect(eventsIn(seen)).toHaveLength(20)
      await expect(transport.send(batchOf('late', 1))).rejects.toMatchObject({ code: 'STOPPING', retryable: true })
    })

    it('may be stopped twice, also at the same time', async () => {
      const { transport } = await open(collecting([]))
      await Promise.all([transport.stop(), transport.stop()])
      await transport.stop()
    })

    it('takes the same batch again after a failure, until it is through', async () => {
      const seen: Batch[] = []
      let failures = 2
      const { transport } = await open(async (batches) => {
        if (failures-- > 0) throw new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })
        return collecting(seen)(batches)
      })
      const batch = batchOf('again', 3)
      let error: unknown = new Error('not sent yet')
      for (let attempt = 0; attempt < 5 && error !== undefined; attempt++) {
        error = await transport.send(batch).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (error !== undefined) expect(error).toMatchObject({ retryable: true })
      }
      expect(error).toBeUndefined()
      await expect
        .poll(() => new Set(eventsIn(seen).map(({ record_id, computer }) => `${computer}${String(record_id)}`)).size)
        .toBe(3)
    })
  })
}

function collecting(seen: Batch[]): BatchHandler {
  return (batches) => {
    seen.push(...batches)
    return Promise.resolve(batches.map(receiptOf))
  }
}

const eventsIn = (batches: readonly Batch[]): WindowsEvent[] => batches.flatMap((batch) => batch.events)
const byRecord = (a: WindowsEvent, b: WindowsEvent): number => a.computer.localeCompare(b.computer)

function eventOf(name: string, rest: Partial<WindowsEvent> = {}): WindowsEvent {
  return {
    computer: `${name}.contoso.example`,
    channel: 'Microsoft-Windows-AAD/Operational',
    provider: 'Microsoft-Windows-AAD',
    event_id: 1104,
    version: 0,
    level: 2,
    task: 101,
    opcode: 0,
    keywords: '0x4000000000000012',
    record_id: '9007199254740993',
    occurred_at: '2026-11-24T08:00:00.1234567Z',
    collected_at: null,
    user_sid: null,
    user: null,
    process_id: 4294967295,
    thread_id: 0,
    activity_id: null,
    message: null,
    data: { API: 'Get token', Result: '3221225567' },
    shipper: 'winlogbeat',
    ...rest,
  }
}

function letterOf(name: string): DeadLetter {
  return {
    dead_letter_key: Buffer.from(name.padEnd(16)).toString('hex'),
    tenant: 'ten ant/ü',
    source_kind: 'file',
    reason: 'not_json',
    detail: 'It is not.',
    origin: `${name}.json@0`,
    bytes: 'AP8=',
    length: 2,
    shipper: null,
    received_at: '2026-11-24T08:00:00.000Z',
  }
}
