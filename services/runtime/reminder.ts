/** What goes on for long is said at once, and again once a minute: not with every attempt. */
const REMIND_MS = 60_000

export type Reminder = {
  /** Is it to be said now? The caller then says it. */
  isDue(): boolean
  /** Was it ever to be said? Then its end is worth a line too. */
  wasDue(): boolean
}

export function createReminder(): Reminder {
  let saidAt = -Infinity
  return {
    isDue() {
      if (performance.now() - saidAt < REMIND_MS) return false
      saidAt = performance.now()
      return true
    },
    wasDue: () => saidAt > -Infinity,
  }
}
