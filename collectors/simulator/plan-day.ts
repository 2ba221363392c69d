/** What one device does on one day: sign-ins, syncs and backups, and which of them a cause spoils. */
import { CAUSES, type Cause } from './causes.ts'
import { activities, itemSynced } from './content/cloud-store.ts'
import type { Content } from './content/content.ts'
import { cachePartitioned } from './content/identity.ts'
import { registered } from './content/registration.ts'
import { COLLECTIONS, operation, roamingState, serviceCall } from './content/setting-sync.ts'
import { backupDone } from './content/windows-backup.ts'
import type { Device } from './fleet.ts'
import { createRandom, type Random } from './random.ts'

export type Occurrence = {
  readonly atMs: number
  readonly device: Device
  readonly content: Content
  readonly cause: Cause | null
}

export type DaySpan = {
  readonly seed: number
  /** Midnight UTC of the day. */
  readonly dayStartMs: number
  /** The fleet's whole time span, over which causes begin and end. */
  readonly startMs: number
  readonly spanMs: number
}

const HOUR_MS = 3600 * 1000
/** Windows Backup runs every eight days. */
const BACKUP_EVERY_DAYS = 8

/** In no particular order. */
export function planDay(device: Device, span: DaySpan): readonly Occurrence[] {
  const random = createRandom(span.seed, device.index, span.dayStartMs)
  const occurrences: Occurrence[] = []
  const happen = (moment: Cause['moment'], atMs: number, success: () => readonly Content[]): void => {
    const cause = causeOf(device, moment, atMs, span, random)
    const contents = cause === undefined ? success() : cause.events(device, random)
    let at = atMs
    for (const content of contents) {
      occurrences.push({ atMs: at, device, content, cause: cause ?? null })
      at += random.between(3, 2500)
    }
  }
  const [signIn, ...syncs] = device.isShared ? aroundTheClock(span, random) : officeDay(device, span, random)
  if (signIn === undefined) return occurrences
  happen('sign-in', signIn, () => signInEvents(device, random))
  for (const atMs of syncs) happen('sync', atMs, () => syncEvents(device, random))
  if (device.generation === 'windows_backup' && isBackupDay(device, span)) {
    happen('backup', signIn + random.between(10, 90) * 60_000, backupDone)
  }
  return occurrences
}

/** Sign-in, then syncs, between about half past eight and five; hardly anyone at the weekend. Empty on a day off. */
function officeDay(device: Device, { dayStartMs }: DaySpan, random: Random): readonly number[] {
  const weekday = new Date(dayStartMs).getUTCDay()
  const isWeekend = weekday === 0 || weekday === 6
  if (!random.chance(isWeekend ? 0.06 : 0.86)) return []
  const localMidnightMs = dayStartMs - device.utcOffsetHours * HOUR_MS
  const signIn = localMidnightMs + 8.5 * HOUR_MS + (random.next() + random.next() - 1) * 1.2 * HOUR_MS
  const syncs = Array.from({ length: random.between(2, isWeekend ? 3 : 6) }, () => signIn + random.next() * 8 * HOUR_MS)
  // Singapore's morning begins before midnight UTC: the day must hold its events.
  return [signIn, ...syncs].map((atMs) => Math.max(dayStartMs, Math.round(atMs)))
}

/** Shared devices sync about once an hour, at night too. */
function aroundTheClock({ dayStartMs }: DaySpan, random: Random): readonly number[] {
  return Array.from({ length: 24 }, (_, hour) => Math.round(dayStartMs + (hour + random.next() * 0.98) * HOUR_MS))
}

function isBackupDay(device: Device, { dayStartMs }: DaySpan): boolean {
  return (dayStartMs / (24 * HOUR_MS) + device.index) % BACKUP_EVERY_DAYS === 0
}

function causeOf(
  device: Device,
  moment: Cause['moment'],
  atMs: number,
  span: DaySpan,
  random: Random,
): Cause | undefined {
  const part = (atMs - span.startMs) / span.spanMs
  return CAUSES.find(
    (cause) =>
      cause.moment === moment &&
      part >= cause.from &&
      (part < cause.until || cause.until === 1) &&
      cause.concerns(device) &&
      device.lots(cause.name) < cause.share &&
      random.chance(cause.rate),
  )
}

function signInEvents(device: Device, random: Random): readonly Content[] {
  const contents: Content[] = []
  if (device.generation === 'settingsync') contents.push(roamingState(random))
  if (random.chance(0.1)) contents.push(cachePartitioned())
  if (random.chance(0.02)) contents.push(registered())
  return contents
}

function syncEvents(device: Device, random: Random): readonly Content[] {
  if (device.generation !== 'settingsync') {
    const items = Array.from({ length: random.between(1, 3) }, () => itemSynced(random)).flat()
    return random.chance(0.3) ? [...items, activities(random)] : items
  }
  const collection = random.pick(COLLECTIONS)
  return [...operation(collection, 0, random), serviceCall(collection, 0, random)]
}
