import { expect, test, vi } from 'vitest'
import { createRetention } from '../../../../services/all-in-one/retention.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import { createLogger } from '../../../../services/runtime/logging.ts'

const log = createLogger({ level: 'silent', service: 'test' })
const away = new AppError('STORE_UNAVAILABLE', 'ClickHouse does not answer: socket hang up', { retryable: true })
type Apply = (days: number | undefined, now: Date) => Promise<void>
const retentionOf = (applyRetention: Apply) =>
  createRetention({ retention_days: 30 }, { store: { applyRetention }, log })

test('a store that does not answer while a service starts is waited for, and does not end the service', async () => {
  const apply = vi.fn<Apply>().mockRejectedValueOnce(away).mockRejectedValueOnce(away).mockResolvedValue(undefined)
  const part = retentionOf(apply)
  await part.start()
  expect(apply).toHaveBeenCalledTimes(3)
  expect(apply.mock.calls.map(([days]) => days)).toEqual([30, 30, 30])
  await part.stop()
})

test('what waiting cannot mend ends the start at once', async () => {
  const refused = new AppError('STORE_REFUSED', 'ClickHouse refused the request: no rights')
  const apply = vi.fn<Apply>().mockRejectedValue(refused)
  await expect(retentionOf(apply).start()).rejects.toBe(refused)
  expect(apply).toHaveBeenCalledTimes(1)
})

test('stopping ends the waiting', async () => {
  const apply = vi.fn<Apply>().mockRejectedValue(away)
  const part = retentionOf(apply)
  const starting = part.start()
  await vi.waitFor(() => expect(apply).toHaveBeenCalled())
  part.interrupt?.()
  await expect(starting).rejects.toBe(away)
})
