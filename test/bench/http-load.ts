/** Sends what is ready to be sent, by a number of senders or at a steady pace, and notes how long each took. */

export type LoadOptions = {
  readonly seconds: number
  /** Senders that each wait for their answer; at a pace: the most that may be under way. */
  readonly senders: number
  /** Sends a second; as fast as they are answered unless given. */
  readonly perSecond?: number
}
export type Load = {
  /** Milliseconds of every send; at a pace from when it was due. */
  readonly times: readonly number[]
  /** Seconds from the first send to the last answer. */
  readonly seconds: number
}

/** `send` is called with 0, 1, 2 … */
export async function runLoad(send: (index: number) => Promise<unknown>, options: LoadOptions): Promise<Load> {
  const { senders, seconds, perSecond } = options
  const times: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  let next = 0

  async function keepSending(): Promise<void> {
    for (;;) {
      const index = next++
      const dueAt = perSecond === undefined ? performance.now() : startedAt + (index / perSecond) * 1000
      if (dueAt >= endsAt) return
      const waitMs = dueAt - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      if (performance.now() >= endsAt) return
      await send(index)
      times.push(performance.now() - dueAt)
    }
  }
  await Promise.all(Array.from({ length: senders }, keepSending))
  return { times, seconds: (performance.now() - startedAt) / 1000 }
}
