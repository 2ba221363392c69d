/** Waits for `work`, at most `ms`; whether it was done in time. Its own failure, in time, is thrown; later it is nobody's. */
export async function withinDeadline(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => resolve(false), ms)
  try {
    return await Promise.race([work.then(() => true), timeout])
  } finally {
    clearTimeout(timer)
  }
}
