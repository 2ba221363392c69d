import { metrics } from '@opentelemetry/api'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PageReader } from '../../../../../services/cli/telemetry/prometheus-reader.ts'
import { observeChecks } from '../../../../../services/runtime/telemetry/observe-checks.ts'

const page = new PageReader()
let time = 0
let runs = 0
let isThere = true
let unobserve = () => {}

const checks = [
  {
    name: 'store',
    check: async () => {
      runs++
      await Promise.resolve()
      if (!isThere) throw new Error('away')
    },
  },
]
const shown = async () => /roamwatch_check_ok\{roamwatch_check="store"\} (\d)/.exec(await page.read())?.[1]

beforeAll(() => {
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [page] }))
  unobserve = observeChecks(checks, () => time)
})
afterAll(() => metrics.disable())

test('scrapes within five seconds, and at the same time, run the checks once', async () => {
  expect(await Promise.all([shown(), shown(), shown()])).toEqual(['1', '1', '1'])
  isThere = false
  time = 4999
  expect(await shown()).toBe('1')
  expect(runs).toBe(1)
  time = 5000
  expect(await shown()).toBe('0')
  expect(runs).toBe(2)
  isThere = true
  time = 10_000
  expect(await shown()).toBe('1')
  expect(runs).toBe(3)
})

test('nothing is run any more once it is not observed', async () => {
  unobserve()
  time = 20_000
  await page.read()
  expect(runs).toBe(3)
})
