/**
 * Events that are known beforehand: a seed gives an endless row of them, each with the key that it must get. The key is made
 * here from the recipe in docs/decisions/0001-event-key.md and not with the pipeline's own code, so that a mistake in one shows.
 */
import { createHash } from 'node:crypto'
import { type Content, contentOf } from '../../collectors/simulator/content/content.ts'
import { cloudApCall, SYNC_RESOURCE, tokenRefused } from '../../collectors/simulator/content/identity.ts'
import { downloadFailed, itemSynced } from '../../collectors/simulator/content/cloud-store.ts'
import { operation, serviceCall } from '../../collectors/simulator/content/setting-sync.ts'
import { createRandom, type Random } from '../../collectors/simulator/random.ts'
import type { LoggedEvent } from '../../collectors/simulator/shapes/logged-event.ts'

export type KnownEvent = { readonly event: LoggedEvent; readonly key: string; readonly second: number }

export type KnownEvents = {
  /** The next `count` of the row. */
  readonly next: (count: number) => readonly KnownEvent[]
}

const DEVICES = 48
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Late ones are so old at most; the rest lie within the hours before `endMs`. */
export const OLDEST_DAYS = 40
const LATE = 0.05
export const TENANT = 'default'

export function createKnownEvents(seed: number, endMs: number): KnownEvents {
  const random = createRandom(seed, 'events')
  const recordIds = new Map<string, number>()

  function make(): KnownEvent {
    const content = pickContent(random)
    const computer = `CHAOS-${String(random.between(1, DEVICES)).padStart(3, '0')}.contoso.example`
    const log = `${computer}/${content.channel}`
    const recordId = (recordIds.get(log) ?? 1_000) + 1
    recordIds.set(log, recordId)
    const agoMs = random.chance(LATE) ? random.between(DAY_MS, OLDEST_DAYS * DAY_MS) : random.between(0, 5 * HOUR_MS)
    const event: LoggedEvent = {
      content,
      computer,
      atMs: endMs - agoMs,
      ticks: random.between(0, 9999),
      recordId,
      userSid: 'S-1-12-1-1234567890-1234567890-1234567890-1234567890',
      userName: `user${random.between(1, DEVICES)}`,
      processId: 4 * random.between(200, 4000),
      threadId: 4 * random.between(200, 4000),
      activityId: random.chance(0.5) ? random.guid() : null,
    }
    const second = Math.floor(event.atMs / 1000)
    return { event, second, key: keyOf(event, second) }
  }
  return { next: (count) => Array.from({ length: count }, make) }
}

function keyOf({ content, computer, recordId }: LoggedEvent, second: number): string {
  const { channel, provider, event_id } = content
  const parts = [
    '1',
    TENANT,
    computer.toLowerCase(),
    channel,
    String(recordId),
    provider,
    String(event_id),
    `${second}`,
  ]
  return createHash('sha256').update(JSON.stringify(parts), 'utf8').digest('hex').slice(0, 32)
}

/** What no catalog provider writes: dropped by rule, and counted. */
export const foreignContent: Content = contentOf({ provider: 'Contoso-Backup', guid: null, channel: 'Application' })(
  7,
  4,
  [['Job', 'nightly']],
)

/** Failures of several causes, and successes. */
function pickContent(random: Random): Content {
  const request = { resource: SYNC_RESOURCE, client: '29d9ed98-a469-4536-ade2-f981bc1d605e' }
  const mfa = 'AADSTS50076: Due to a configuration change you must use multi-factor authentication.'
  const makers: readonly [() => Content, ...(() => Content)[]] = [
    () => cloudApCall('Get token', 0xc000005f),
    () => cloudApCall('Lookup name', 0xc000023c),
    () => tokenRefused(0xcaa2000c, 'Token refused.', mfa, request, random),
    () => downloadFailed(0x80072ee7, random),
    () => random.pick(itemSynced(random) as [Content, ...Content[]]),
    () => serviceCall('windows', random.chance(0.5) ? 0 : 0x80072ee2, random),
    () => random.pick(operation('language', random.chance(0.7) ? 0 : 0x80070005, random) as [Content, ...Content[]]),
  ]
  return random.pick(makers)()
}
