import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../services/runtime/errors.ts'
import { retry } from '../../../../services/runtime/retry.ts'

const down = new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })

/** A clock that only sleeping moves; `random` always draws the longest pause. */
function fakeTime() {
  let now = 1000
  const pauses: number[] = []
  const sleep = (ms: number): Promise<void> => {
    now += ms
    pauses.push(ms)
    return Promise.resolve()
  }
  return { pauses, clock: () => now, random: () => 1, sleep }
}

function failing(times: number, error: Error = down) {
  let calls = 0
  const attempt = (): Promise<string> => (calls++ < times ? Promise.reject(error) : Promise.resolve('done'))
  return { attempt, calls: () => calls }
}

describe('retry', () => {
  it('gives the first success, after pauses that double up to the longest', async () => {
    const time = fakeTime()
    const { attempt } = failing(5)
    expect(await retry(attempt, { ...time, deadlineMs: 60_000, firstPauseMs: 100, maxPauseMs: 500 })).toBe('done')
    expect(time.pauses).toEqual([100, 200, 400, 500, 500])
  })

  it('draws each pause from the upper half', async () => {
    const time = { ...fakeTime(), random: () => 0 }
    await retry(failing(3).attempt, { ...time, deadlineMs: 60_000, firstPauseMs: 100 })
    expect(time.pauses).toEqual([50, 100, 200])
  })

  it('throws the last error once the deadline has passed, with a last attempt at the deadline', async () => {
    const time = fakeTime()
    const { attempt, calls } = failing(100)
    await expect(retry(attempt, { ...time, deadlineMs: 1000, firstPauseMs: 400 })).rejects.toBe(down)
    expect(time.pauses).toEqual([400, 600])
    expect(calls()).toBe(3)
  })

  it.each([new AppError('STORE_REFUSED', 'no'), new TypeError('bug')])(
    'throws at once what no retry can mend: %s',
    async (error) => {
      const { attempt, calls } = failing(1, error)
      await expect(retry(attempt, { deadlineMs: 1000 })).rejects.toBe(error)
      expect(calls()).toBe(1)
    },
  )

  it('makes one attempt with a deadline of 0', async () => {
    const { attempt, calls } = failing(1)
    await expect(retry(attempt, { deadlineMs: 0 })).rejects.toBe(down)
    expect(calls()).toBe(1)
  })

  it('ends its pause when it is aborted', async () => {
    const abort = new AbortController()
    const { attempt, calls } = failing(100)
    const result = retry(attempt, {
      deadlineMs: 60_000,
      firstPauseMs: 50_000,
      signal: abort.signal,
      onRetry: () => setImmediate(() => abort.abort()),
    })
    await expect(result).rejects.toBe(down)
    expect(calls()).toBe(2)
  })

  it('tells of each retry', async () => {
    const told: unknown[] = []
    await retry(failing(2).attempt, {
      ...fakeTime(),
      deadlineMs: 60_000,
      firstPauseMs: 10,
      onRetry: (...all) => told.push(all),
    })
    expect(told).toEqual([
      [down, 1, 10],
      [down, 2, 20],
    ])
  })
})
