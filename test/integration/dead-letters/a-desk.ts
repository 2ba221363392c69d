/** The desk over a real store for tests: letters as a collector makes them, and replays through the direct transport. */
import { randomUUID } from 'node:crypto'
import { createIntake } from '../../../collectors/intake.ts'
import { decodeMessage } from '../../../collectors/formats/decode-message.ts'
import type { StoredDeadLetter } from '../../../schemas/api/dead-letters.ts'
import { loadCatalog } from '../../../schemas/catalog/load-catalog.ts'
import { loadRules } from '../../../schemas/catalog/load-rules.ts'
import {
  createDeadLetterDesk,
  type DeadLetterStore,
  type WholeDesk,
} from '../../../services/all-in-one/dead-letter-desk.ts'
import { createHandleBatch } from '../../../services/processor/handle-batch.ts'
import { createPipeline } from '../../../services/processor/pipeline.ts'
import type { EventWriter } from '../../../services/store/event-store.ts'
import { createDirectTransport } from '../../../services/transport/direct/direct-transport.ts'
import type { Sink, Transport } from '../../../services/transport/transport.ts'

export const CATALOG = loadCatalog()
const pipeline = createPipeline({ catalog: CATALOG, rules: loadRules(), now: () => new Date() })

/** A transport that stores in `store`, started. */
export async function directSink(store: EventWriter): Promise<Transport> {
  const handle = createHandleBatch({ pipeline, store })
  const transport = createDirectTransport({
    handle,
    maxBatchEvents: 1000,
    maxWaitMs: 5,
    maxPendingEvents: 5000,
    inFlight: 2,
  })
  await transport.start()
  return transport
}

/** Today's settings of a desk; tests change what an operator would. */
export function deskOf(
  store: DeadLetterStore,
  sink: Sink,
  settings: Partial<Parameters<typeof createDeadLetterDesk>[0]> = {},
): WholeDesk {
  return createDeadLetterDesk(
    { keep: 'known', retention_days: null, time_zone: null, ...settings },
    { store, sink, catalog: CATALOG },
  )
}

/** Sends `text` as a collector of files would, in a run of its own unless `runId` says which. */
export async function collect(
  sink: Sink,
  text: string | Uint8Array,
  options: { readonly tenant?: string; readonly runId?: string; readonly origin?: string } = {},
): Promise<void> {
  const { tenant = 'default', runId = randomUUID(), origin = 'a.json' } = options
  const intake = createIntake({ catalog: CATALOG, tenant, keep: 'known', sourceKind: 'file', clock: Date.now })
  const decoded = decodeMessage(Buffer.from(text), { receivedAt: new Date().toISOString() })
  const { events, deadLetters, dropped } = intake.take(decoded, (offset) => `${origin}@${offset}`)
  await sink.send({ tenant, events, deadLetters, dropped, batchId: runId })
}

/** An event whose time has no zone: what waits for the setting time_zone. */
export function zoneless(recordId: number | string, change: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    Event: {
      System: {
        Provider: { '#attributes': { Name: 'Microsoft-Windows-AAD' } },
        EventID: 1098,
        Level: 2,
        Channel: 'Microsoft-Windows-AAD/Operational',
        Computer: 'PC7.contoso.example',
        EventRecordID: recordId,
        TimeCreated: { '#attributes': { SystemTime: '2026-11-02T08:00:00.1234567' } },
        ...change,
      },
      EventData: { Error: 3399811100 },
    },
  })
}

export async function theLetter(store: DeadLetterStore, tenant: string): Promise<StoredDeadLetter> {
  const { dead_letters: letters } = await store.deadLetters({ tenant, limit: 10 })
  const [only, ...others] = letters
  if (only === undefined || others.length > 0) throw new Error(`${tenant} has ${letters.length} letters`)
  const [letter] = await store.deadLettersByKey(tenant, [only.dead_letter_key])
  if (letter === undefined) throw new Error('the letter is in the list and has no bytes')
  return letter
}

export async function gather<T>(groups: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = []
  for await (const group of groups) all.push(...group)
  return all
}
