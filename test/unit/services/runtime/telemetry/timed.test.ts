import { expect, test, vi } from 'vitest'
import { timed } from '../../../../../services/runtime/telemetry/timed.ts'

const fault = new Error('no')

test('passes on what the work gives, at once or later, and says so first', async () => {
  const done = vi.fn()
  expect(timed(() => 7, done)).toBe(7)
  expect(done.mock.calls).toEqual([[expect.any(Number), undefined]])
  await expect(timed(() => Promise.resolve(8), done)).resolves.toBe(8)
  expect(done).toHaveBeenCalledTimes(2)
})

test('passes on what the work throws, at once or later, and says what it was', async () => {
  const done = vi.fn()
  const failing = () => {
    throw fault
  }
  expect(() => timed(failing, done)).toThrow(fault)
  await expect(timed(() => Promise.reject(fault), done)).rejects.toBe(fault)
  expect(done.mock.calls.map(([, error]: unknown[]) => error)).toEqual([fault, fault])
})
