/** An event as a device logged it: content, and what Windows' System element adds. */
import type { Content } from '../content/content.ts'

export type LoggedEvent = {
  readonly content: Content
  /** As Windows writes it, for example LT-0042.contoso.example. */
  readonly computer: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** 100-ns steps within the millisecond, 0 to 9999. */
  readonly ticks: number
  readonly recordId: number
  readonly userSid: string
  readonly userName: string
  readonly processId: number
  readonly threadId: number
  /** GUID without braces; null where the provider sets none. */
  readonly activityId: string | null
}

/** All seven digits, as Windows' XML has them. */
export function systemTime({ atMs, ticks }: LoggedEvent): string {
  return `${new Date(atMs).toISOString().slice(0, -1)}${String(ticks).padStart(4, '0')}Z`
}

export const LEVEL_NAMES = { 2: 'Error', 3: 'Warning', 4: 'Information' } as const
