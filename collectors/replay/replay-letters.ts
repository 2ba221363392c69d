/**
 * Replays dead letters: their bytes go through today's code as if they had just been collected (decode, intake, sink), under the
 * tenant, source kind and origin that they came with. What comes out carries the letter's key, and whoever stores its rows
 * closes it; so a crash anywhere leaves the letter open, and replaying it again finds its events stored already.
 */
import type { ReplayResult, StoredDeadLetter } from '../../schemas/api/dead-letters.ts'
import type { DeadLetterAction, Replay } from '../../schemas/dead-letter-action.ts'
import { retry, type RetryOptions } from '../../services/runtime/retry.ts'
import type { Receipt, Sink } from '../../services/transport/transport.ts'
import { createIntake, type Intake, type IntakeDeps } from '../intake.ts'
import { type Reading, readLetter } from './read-letter.ts'

export type ReplayerDeps = Pick<IntakeDeps, 'catalog' | 'keep' | 'clock' | 'retentionDays'> & {
  readonly sink: Sink
  /** Keeps what became of an attempt where nothing of it was sent. */
  readonly record: (actions: readonly DeadLetterAction[]) => Promise<void>
  /** IANA zone of times that carry none: what a letter `time_zone_unknown` waits for. */
  readonly timeZone?: string
  /** Of Roamwatch; kept with failed attempts. */
  readonly version: string
  /** A name that no other attempt has. */
  readonly nameAttempt: () => string
  /** How long to go on with what the sink refuses for now. */
  readonly retry: RetryOptions
}

export type Replayer = {
  /**
   * One result a letter, in their order, when everything sent is safe. `by`: who asks for it. Rejects as the sink does; then
   * some of the letters may be closed, and replaying all of them again changes nothing about those.
   */
  replay(letters: readonly StoredDeadLetter[], by: string): Promise<readonly ReplayResult[]>
}

export function createReplayer(deps: ReplayerDeps): Replayer {
  const intakes = new Map<string, Intake>()

  function intakeFor({ tenant, source_kind: sourceKind }: StoredDeadLetter): Intake {
    const name = JSON.stringify([tenant, sourceKind])
    const intake = intakes.get(name) ?? createIntake({ ...deps, tenant, sourceKind })
    intakes.set(name, intake)
    return intake
  }

  async function replayOne(letter: StoredDeadLetter, by: string): Promise<ReplayResult> {
    if (!letter.is_whole) return resultOf(letter, 'not_replayable', { detail: cutWords(letter) })
    const reading = readLetter(letter, intakeFor(letter), deps.timeZone)
    const attempt = createAttempt(letter, reading, { by, name: deps.nameAttempt(), at: deps.clock() })
    const { events, failure } = reading
    if (failure !== undefined) await deps.record([failedAction(attempt(events.length), letter, failure, deps.version)])
    const receipts = await Promise.all(events.map((event, part) => send(letter, event, attempt(part))))
    if (failure !== undefined) return resultOf(letter, 'failed', { events: events.length, receipts, ...failure })
    return judge(letter, receipts, attempt)
  }

  function send(letter: StoredDeadLetter, event: Reading['events'][number], replay: Replay): Promise<Receipt> {
    const batchId = `replay:${replay.attempt}:${replay.part}`
    const batch = { tenant: letter.tenant, events: [event], deadLetters: [], dropped: 0, batchId, replay }
    return retry(() => deps.sink.send(batch), deps.retry)
  }

  /** Refused by the processor: it has kept the reason with the letter. Refused by a queue: only its size can be why. */
  async function judge(letter: StoredDeadLetter, receipts: readonly Receipt[], attempt: (part: number) => Replay) {
    const events = receipts.length
    const isStored = receipts.every(({ stored }) => stored !== undefined)
    const refused = receipts.findIndex(({ dead_lettered }) => dead_lettered > 0)
    if (refused < 0) return resultOf(letter, isStored ? 'replayed' : 'queued', { events, receipts })
    if (isStored) return resultOf(letter, 'failed', { events, receipts })
    const failure = {
      reason: 'too_large_for_topic',
      detail: 'The event is larger than its topic takes; raise max.message.bytes.',
    }
    await deps.record([failedAction(attempt(refused), letter, failure, deps.version)])
    return resultOf(letter, 'failed', { events, receipts, ...failure })
  }

  return { replay: (letters, by) => Promise.all(letters.map((letter) => replayOne(letter, by))) }
}

/** The parts of an attempt: one an event, and one for what failed before, which is never stored and so keeps the letter open. */
function createAttempt(
  { dead_letter_key, seen }: StoredDeadLetter,
  { events, failure }: Reading,
  about: { readonly by: string; readonly name: string; readonly at: number },
): (part: number) => Replay {
  const parts = events.length + (failure === undefined ? 0 : 1)
  const requested = { requested_by: about.by, requested_at: new Date(about.at).toISOString() }
  return (part) => ({ dead_letter_key, attempt: about.name, part, parts, covers: seen, ...requested })
}

type Failure = NonNullable<Reading['failure']>

function failedAction(replay: Replay, letter: StoredDeadLetter, failure: Failure, version: string): DeadLetterAction {
  return { ...replay, tenant: letter.tenant, action: 'failed', version, ...failure }
}

function resultOf(
  { dead_letter_key }: StoredDeadLetter,
  outcome: ReplayResult['outcome'],
  about: { readonly events?: number; readonly receipts?: readonly Receipt[] } & Partial<Failure>,
): ReplayResult {
  const { events = 0, receipts = [], reason = null, detail = null } = about
  const stored = receipts.reduce((sum, receipt) => sum + (receipt.stored ?? 0), 0)
  const duplicates = receipts.reduce((sum, receipt) => sum + (receipt.duplicates ?? 0), 0)
  return { dead_letter_key, outcome, events, stored, duplicates, reason, detail }
}

function cutWords({ length, origin }: StoredDeadLetter): string {
  return `Only the first 64 KiB of its ${length} bytes were kept, so it cannot be replayed: collect it again from ${origin}, or discard the letter.`
}
