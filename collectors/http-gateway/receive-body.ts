/** Takes one request's body to the sink: every record of it is accounted for in the answer. */
import type { Accepted, Stored } from '../../schemas/api/received.ts'
import { AppError } from '../../services/runtime/errors.ts'
import type { Sink } from '../../services/transport/transport.ts'
import { BATCH_DEFAULTS, createBatchSender } from '../batch-sender.ts'
import { readSource, unknownContent } from '../files/read-source.ts'
import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from '../formats/archive-budget.ts'
import type { FormatContext } from '../formats/format.ts'
import { unwrap } from '../formats/open-archive.ts'
import type { Intake, Taken } from '../intake.ts'
import { createDropCount } from '../keep-providers.ts'
import type { BodyLimits, BodyStream } from './body-stream.ts'

export type ReceiveDeps = {
  readonly intake: Intake
  readonly sink: Sink
  readonly limits: BodyLimits
}

export type Received =
  { readonly status: 200; readonly body: Stored } | { readonly status: 202; readonly body: Accepted }

/** Shown for the body where an archive's entry is meant, it is `body!name`. */
const BODY_PATH = 'body'
/** Reports in an answer; a body full of damage must not make an endless one. */
const MAX_REPORTS = 100

/**
 * Resolves when everything is safe with the sink. Throws BODY_UNREADABLE when nothing in the body is of a known format,
 * the body's own fault (too large, cut off), or the sink's retryable error; then some of it may be stored already, and
 * sending all of it again is harmless.
 */
export async function receiveBody(
  body: BodyStream,
  request: { readonly id: string; readonly context: FormatContext },
  deps: ReceiveDeps,
): Promise<Received> {
  const { intake, sink, limits } = deps
  const sender = createBatchSender({
    ...BATCH_DEFAULTS,
    sink,
    tenant: intake.tenant,
    runId: `http-${request.id}`,
    // The sender of the request repeats it; holding it here would only hide that.
    retry: { deadlineMs: 0 },
  })
  const damaged: Stored['damaged'] = []
  const skipped: Stored['skipped'] = []
  const gate = createKnownFormatGate()
  const drops = createDropCount()
  let files = 0

  const source = { path: BODY_PATH, stream: body.bytes }
  for await (const reading of readSource(unwrap(source, archiveLimits(limits)), request.context)) {
    body.throwFault()
    const { path } = reading
    if (reading.kind === 'opened') {
      files++
      gate.open(reading.format)
    } else if (reading.kind === 'skipped') report(skipped, { path, reason: reading.reason })
    else {
      const taken = intake.take(reading.decoded, (offset) => `http/${request.id}/${path}@${offset}`)
      for (const { offset, length, reason } of taken.damaged) report(damaged, { path, offset, length, reason })
      for (const { rule, provider, channel, events } of taken.droppedBy) drops.add(rule, provider, channel, events)
      for (const passed of gate.pass(taken)) await sender.add(passed)
    }
  }
  body.throwFault()
  gate.close(skipped)
  const { stored, duplicates, ...sums } = await sender.finish()
  const { received, accepted, dead_lettered, dropped } = sums
  if (stored === undefined || duplicates === undefined) {
    return { status: 202, body: { received, accepted, dead_lettered, dropped, damaged, skipped } }
  }
  const counts = { files, received, stored, duplicates, dead_lettered, dropped, facts: 0 }
  return { status: 200, body: { ...counts, damaged, skipped, dropped_by: [...drops.list()] } }
}

function archiveLimits({ maxBodyBytes, maxUnpackedBytes }: BodyLimits): ArchiveLimits {
  return { ...DEFAULT_ARCHIVE_LIMITS, maxTotalBytes: maxUnpackedBytes, maxInnerZipBytes: maxBodyBytes }
}

function report<T>(reports: T[], one: T): void {
  if (reports.length < MAX_REPORTS) reports.push(one)
}

/** JSON that no shipper writes is refused as a whole, so that its sender hears of it, rather than kept as dead letters. */
const ANY_JSON = 'json'
const MAX_HELD_RECORDS = 1000

/** Holds back what looks like no known format until a known record shows up, which lets everything through. */
function createKnownFormatGate() {
  let isOpen = false
  let isAnyContent = false
  let held: Taken[] = []
  let heldRecords = 0

  function refuse(reason: string): never {
    throw new AppError('BODY_UNREADABLE', `Nothing in the body could be read: ${reason}.`)
  }
  return {
    open(format: string): void {
      isAnyContent = true
      if (format !== ANY_JSON) isOpen = true
    },
    /** What may be sent on now. */
    pass(taken: Taken): readonly Taken[] {
      if (!isOpen && isOfKnownShape(taken)) isOpen = true
      if (isOpen) {
        const passed = [...held, taken]
        held = []
        return passed
      }
      held.push(taken)
      heldRecords += taken.deadLetters.length
      if (heldRecords > MAX_HELD_RECORDS) refuse(unknownContent())
      return []
    },
    close(skipped: Stored['skipped']): void {
      if (!isAnyContent) refuse(skipped[0]?.reason.replace(/\.+$/, '') ?? 'it is empty')
      if (held.length > 0 || !isOpen) refuse(unknownContent())
    },
  }
}

function isOfKnownShape({ events, deadLetters, dropped }: Taken): boolean {
  return events.length + dropped > 0 || deadLetters.some(({ shipper }) => shipper !== null)
}
