import { metrics } from '@opentelemetry/api'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { describe, expect, test } from 'vitest'
import { PageReader } from '../../../../../services/cli/telemetry/prometheus-reader.ts'
import { checkExposition, readSamples } from '../../../../support/check-exposition.ts'
import { hasPromtool, promtool } from '../../../../support/promtool.ts'

function pageWith(resource: Record<string, string> = { 'service.name': 'roamwatch-test' }) {
  const reader = new PageReader()
  const provider = new MeterProvider({ resource: resourceFromAttributes(resource), readers: [reader] })
  return { meter: provider.getMeter('roamwatch'), read: () => reader.read() }
}

describe('the page for Prometheus', () => {
  test('has units in words, _total at counters, buckets that add up, and what the process is', async () => {
    const { meter, read } = pageWith()
    meter.createCounter('sent.messages', { unit: '{message}', description: 'Sent.' }).add(3, { topic: 'a' })
    meter.createCounter('cpu.time', { unit: 's', description: 'CPU.' }).add(1.5)
    meter
      .createObservableGauge('share', { unit: '1', description: 'Share.' })
      .addCallback((result) => result.observe(0.5))
    meter.createUpDownCounter('memory', { unit: 'By', description: 'Memory.' }).add(10)
    const advice = { explicitBucketBoundaries: [0.1, 1] }
    const histogram = meter.createHistogram('duration', { unit: 's', description: 'Duration.', advice })
    for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.record(seconds)
    expect(await read()).toBe(`# HELP target_info The process that these metrics are of.
# TYPE target_info gauge
target_info{service_name="roamwatch-test"} 1
# HELP sent_messages_total Sent.
# TYPE sent_messages_total counter
sent_messages_total{topic="a"} 3
# HELP cpu_time_seconds_total CPU.
# TYPE cpu_time_seconds_total counter
cpu_time_seconds_total 1.5
# HELP share_ratio Share.
# TYPE share_ratio gauge
share_ratio 0.5
# HELP memory_bytes Memory.
# TYPE memory_bytes gauge
memory_bytes 10
# HELP duration_seconds Duration.
# TYPE duration_seconds histogram
duration_seconds_bucket{le="0.1"} 2
duration_seconds_bucket{le="1"} 3
duration_seconds_bucket{le="+Inf"} 4
duration_seconds_sum 7.65
duration_seconds_count 4
`)
  })

  test('keeps to the rules whatever attributes and texts hold', async () => {
    const hostile = 'a "quoted"\nline \\ with \u0000 and {le="1"} 7 # HELP x'
    const { meter, read } = pageWith({ 'service.name': hostile, 'os.1st-thing': hostile })
    const counter = meter.createCounter('hostile.things', { description: `two\nlines \\ "x"` })
    counter.add(1, { 'a.b': hostile, 'a-b': 'the same label', '1st': 'x', topic: '' })
    counter.add(2, { 'a.b': 'other', le: '5' })
    const page = await read()
    expect(checkExposition(page)).toEqual([])
    expect(readSamples(page).filter(({ name }) => name === 'hostile_things_total')).toHaveLength(2)
    expect(readSamples(page)[1]?.labels['a_b']).toContain(';the same label')
  })

  test.skipIf(!hasPromtool)('is taken by promtool with hostile attributes', async () => {
    const { meter, read } = pageWith({ 'service.name': 'a "b"\n\\' })
    meter.createCounter('hostile.things', { description: 'x\ny' }).add(1, { 'a.b': '"\n\\"' })
    expect(promtool(['check', 'metrics'], await read())).toEqual({ code: 0, said: '' })
  })

  test('leaves out what has no value yet, and a metric whose reading fails', async () => {
    const { meter, read } = pageWith()
    meter.createCounter('silent.things', { description: 'Nothing.' })
    meter.createObservableGauge('broken', { description: 'Broken.' }).addCallback(() => {
      throw new Error('no')
    })
    expect((await read()).split('\n').filter((line) => !line.includes('target_info'))).toEqual([''])
  })

  test('is of no use to whoever reads it before an SDK is registered: the API has a meter that records nothing', () => {
    expect(metrics.getMeter('x').constructor.name).toBe('NoopMeter')
  })
})

describe('the check of a page', () => {
  const good = '# HELP a_total A.\n# TYPE a_total counter\na_total{b="c"} 1\n'
  test('takes a page that is right', () => {
    expect(checkExposition(good)).toEqual([])
  })
  test.each([
    ['no end of the last line', good.trimEnd()],
    ['a sample without a family', 'x 1\n'],
    ['a sample of another family', good + 'x 1\n'],
    ['TYPE without HELP', '# TYPE a_total counter\na_total 1\n'],
    ['a family twice', good + good],
    ['a series twice', good + 'a_total{b="c"} 2\n'],
    ['a label twice', good.replace('b="c"', 'b="c",b="d"')],
    ['an unescaped quote', good.replace('"c"', '"c"d"')],
    ['a counter without _total', good.replaceAll('a_total', 'a')],
    ['a gauge with _total', good.replace('counter', 'gauge')],
    ['a counter below 0', good.replace(' 1\n', ' -1\n')],
    ['no number', good.replace(' 1\n', ' NaN\n')],
    ['an abbreviated unit', good.replaceAll('a_total', 'a_ms_total')],
    ['a family without samples', '# HELP a_total A.\n# TYPE a_total counter\n'],
  ])('finds %s', (_, page) => {
    expect(checkExposition(page)).not.toEqual([])
  })

  const histogram = `# HELP h_seconds H.
# TYPE h_seconds histogram
h_seconds_bucket{le="1"} 1
h_seconds_bucket{le="+Inf"} 2
h_seconds_sum 3
h_seconds_count 2
`
  test('takes a histogram that is right', () => {
    expect(checkExposition(histogram)).toEqual([])
  })
  test.each([
    ['no +Inf', histogram.replace('h_seconds_bucket{le="+Inf"} 2\n', '')],
    ['buckets that fall', histogram.replace('le="1"} 1', 'le="1"} 5')],
    ['a count that is not the last bucket', histogram.replace('count 2', 'count 3')],
    ['bounds that fall', histogram.replace('le="1"', 'le="+Inf"').replace('le="+Inf"} 2', 'le="1"} 2')],
    ['no sum', histogram.replace('h_seconds_sum 3\n', '')],
  ])('finds a histogram with %s', (_, page) => {
    expect(checkExposition(page)).not.toEqual([])
  })
})
