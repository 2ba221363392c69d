import { afterEach, expect, test, vi } from 'vitest'
import { createReminder } from '../../../../services/runtime/reminder.ts'

afterEach(() => vi.useRealTimers())

test('is due at once, then once a minute, and remembers that it was', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const reminder = createReminder()
  expect(reminder.wasDue()).toBe(false)
  expect(reminder.isDue()).toBe(true)
  vi.advanceTimersByTime(59_999)
  expect(reminder.isDue()).toBe(false)
  vi.advanceTimersByTime(1)
  expect([reminder.isDue(), reminder.isDue(), reminder.wasDue()]).toEqual([true, false, true])
})
