import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { MetricSpec } from '../../services/runtime/telemetry/metric-spec.ts'
import { METRICS } from '../../services/runtime/telemetry/metrics.ts'
import { legalName, prometheusName } from '../../services/runtime/telemetry/prometheus-name.ts'
import { checkExposition, readSamples, type Sample } from '../support/check-exposition.ts'
import { hasEngine } from '../support/clickhouse.ts'
import { winlogbeatLine } from '../support/events.ts'
import { freePorts } from '../support/kafka-broker/free-ports.ts'
import { whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { hasPromtool, promtool } from '../support/promtool.ts'
import { startCommand } from '../support/roamwatch-command.ts'
import { end, type Running, type Stack, startStack } from '../support/stack.ts'
import { flatten, treeOf } from '../support/trace-tree.ts'

const isNotRun = (await whyNoBroker()) !== undefined || !hasEngine()
const COMPUTER = 'secret-device-name'
/** Every span's way, as names from the request to the insert. */
const SERVER = 2
const CONSUMER = 5
const WAY = ['send roamwatch-events', 'process roamwatch-events', 'decode', 'classify', 'store rows', 'INSERT _events']

const requestOf = (traceId: string) => (span: ReceivedSpan) => span.traceId === traceId && span.kind === SERVER
let ids = 0
const newTrace = () => (++ids).toString(16).padStart(32, '0')
let records = 0
const lines = (count: number, fields: Parameters<typeof winlogbeatLine>[0] = {}) =>
  Array.from(
    { length: count },
    () => `${winlogbeatLine({ computer: COMPUTER, ...fields, recordId: String(++records) })}\n`,
  ).join('')

describe.skipIf(isNotRun)('telemetry of the services on a real broker and engine', { timeout: 120_000 }, () => {
  let receiver: OtlpReceiver
  let stack: Stack
  let files: Running

  beforeAll(async () => {
    receiver = await startOtlpReceiver()
    const env = { ROAMWATCH_TELEMETRY_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
    stack = await startStack({ processors: 1, env })
    const folder = join(stack.directory, 'logs')
    mkdirSync(folder)
    writeFileSync(join(folder, 'one.ndjson'), lines(3))
    files = await stack.start(['collect', 'files', folder, '--positions', join(stack.directory, 'positions.json')])
    // Stored before a test begins, so that no batch of a test holds these too.
    await followed((span) => span.service === 'roamwatch-files' && span.name === 'send roamwatch-events')
  })
  afterAll(async () => {
    await stack?.stop()
    await receiver?.stop()
  })

  const services = () => [stack.gateway, stack.tap, ...stack.process, stack.serve, files]

  function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${stack.gateway.url}/v1/events`, { method: 'POST', body, headers })
  }

  /** What follows from this span, once an insert does. */
  async function followed(isRoot: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan[]> {
    return vi.waitFor(
      () => {
        const root = receiver.spans.find(isRoot)
        expect(root, 'the span that it begins with').toBeDefined()
        const spans = flatten(treeOf(receiver.spans, root as ReceivedSpan))
        expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(WAY))
        return spans
      },
      { timeout: 40_000, interval: 200 },
    )
  }

  async function page(url: string): Promise<string> {
    const response = await fetch(`${url}/metrics`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    return response.text()
  }

  test('one trace leads from the shipper’s request over Kafka to the insert', async () => {
    const traceId = newTrace()
    const shipper = 'b7ad6b7169203331'
    expect((await post(lines(4), { traceparent: `00-${traceId}-${shipper}-01` })).status).toBe(202)
    const spans = await followed(requestOf(traceId))
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]))
    expect(spans[0]).toMatchObject({ name: 'POST /v1/events', service: 'roamwatch-gateway', parentSpanId: shipper })
    const insert = spans.find(({ name }) => name === 'INSERT _events')
    expect(insert).toMatchObject({ service: 'roamwatch-process', isError: false })
    expect(insert?.attributes).toMatchObject({
      'db.system.name': 'clickhouse',
      'db.namespace': 'roamwatch',
      'db.collection.name': '_events',
      'db.operation.batch.size': 4,
    })
    const send = spans.find(({ name }) => name.startsWith('send '))
    const process = spans.find(({ name }) => name.startsWith('process '))
    expect(process?.links).toEqual([{ traceId, spanId: send?.spanId }])
  })

  test('a batch of several senders is linked with each of them', async () => {
    // What one device's senders send at once comes together, as good as always.
    const ofSeveral = () => receiver.spans.filter(({ links }) => links.length > 1)
    const traces: string[] = []
    for (let round = 0; round < 5 && ofSeveral().length === 0; round++) {
      const atOnce = Array.from({ length: 8 }, newTrace)
      traces.push(...atOnce)
      await Promise.all(atOnce.map((traceId) => post(lines(2), { traceparent: `00-${traceId}-00000000000000aa-01` })))
      for (const traceId of atOnce) await followed(requestOf(traceId))
    }
    expect(ofSeveral()).not.toEqual([])
    for (const span of ofSeveral()) {
      expect(span).toMatchObject({ kind: CONSUMER, parentSpanId: undefined })
      for (const { traceId } of span.links) expect(traces).toContain(traceId)
    }
  })

  test('a traceparent that is none begins a trace of our own', async () => {
    const from = receiver.spans.length
    const hostile = [
      'nonsense',
      `00-${'0'.repeat(32)}-00000000000000aa-01`,
      `00-${'a'.repeat(32)}-00000000000000aa-01-${'b'.repeat(7000)}`,
      `ff-${'a'.repeat(32)}-00000000000000aa-01`,
    ]
    for (const traceparent of hostile) expect((await post(lines(1), { traceparent })).status).toBe(202)
    const requests = await vi.waitFor(
      () => {
        const found = receiver.spans.slice(from).filter(({ kind }) => kind === SERVER)
        expect(found).toHaveLength(hostile.length)
        return found
      },
      { timeout: 40_000, interval: 200 },
    )
    for (const { traceId, parentSpanId } of requests) {
      expect(parentSpanId).toBeUndefined()
      expect(traceId).toMatch(/^(?!0{32}|a{32})[0-9a-f]{32}$/)
      await followed(requestOf(traceId))
    }
  })

  test('a shipper’s trace goes on through the tap', async () => {
    const traceId = newTrace()
    const producer = new Kafka({ brokers: [...stack.broker.brokers], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    const headers = { traceparent: `00-${traceId}-00000000000000bb-01` }
    await producer.send({ topic: 'winlogbeat', messages: [{ value: lines(1).trimEnd(), headers }] })
    await producer.disconnect()
    await vi.waitFor(
      () => {
        const names = receiver.spans.filter((span) => span.traceId === traceId).map(({ name }) => name)
        expect(names).toEqual(expect.arrayContaining(['process winlogbeat', ...WAY]))
      },
      { timeout: 40_000, interval: 200 },
    )
  })

  test('spans hold no text that a request brought: no computer, no code that was asked for, no query', async () => {
    const text = 'alice-of-the-log-line'
    const traceparent = () => ({ traceparent: `00-${newTrace()}-00000000000000dd-01` })
    const from = receiver.spans.length
    const asked = [
      [`/v1/codes/${COMPUTER}%20${text}%20token`, 404],
      [`/v1/catalog/${text}`, 404],
      [`/nowhere/${text}?q=${COMPUTER}`, 404],
      [`/v1/trends?measure=${text}`, 400],
      [`/v1/events?computer=${COMPUTER}`, 200],
    ] as const
    for (const [path, status] of asked)
      expect((await fetch(`${stack.serve.url}${path}`, { headers: traceparent() })).status, path).toBe(status)
    const broken = `{"winlog":{"event_id":1,"computer_name":"${text}"},"@timestamp":"never"}\n`
    expect((await post(lines(1) + broken, traceparent())).status).toBe(202)
    // The event and the dead letter may come in one hand-over, whose span is named after the first one's topic.
    const way = WAY.filter((name) => !name.startsWith('process '))
    await vi.waitFor(
      () => {
        const names = receiver.spans.slice(from).map(({ name }) => name)
        expect(names).toEqual(expect.arrayContaining(['GET', 'GET /v1/codes/:code', 'SELECT', ...way]))
        expect(names.some((name) => name.startsWith('process '))).toBe(true)
      },
      { timeout: 40_000, interval: 200 },
    )
    const bodies = receiver.requests.filter(({ path }) => path === '/v1/traces').map(({ body }) => body.toString())
    for (const body of bodies) {
      expect(body).toContain('traceId')
      expect(body.toLowerCase()).not.toContain(COMPUTER)
      expect(body).not.toContain(text)
    }
  })

  describe('/metrics', () => {
    const sum = (samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}) =>
      samples
        .filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
        .reduce((total, { value }) => total + value, 0)

    /** The services' pages, and that of all stages in one process. */
    let pages: string[]

    beforeAll(async () => {
      const broken = '{"winlog":{"event_id":1},"@timestamp":"never"}\n'
      const foreign = lines(2, { provider: 'Some-Other-Program' })
      const twice = lines(1)
      const body = lines(5) + foreign + broken + twice
      expect((await post(body)).status).toBe(202)
      expect((await post(twice)).status).toBe(202)
      pages = [await pageOfUp(body + twice)]
      for (const service of services()) pages.push(await page(service.health))
      pages.push(await page(stack.serve.url))
    })

    async function pageOfUp(body: string): Promise<string> {
      const [port] = await freePorts()
      const up = startCommand(['up', '--data', join(stack.directory, 'up'), '--port', String(port)])
      const url = `http://127.0.0.1:${port}`
      try {
        await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).ok).toBe(true), { timeout: 60_000 })
        for (let time = 0; time < 2; time++) {
          expect((await fetch(`${url}/v1/events`, { method: 'POST', body })).status).toBe(200)
        }
        return await page(url)
      } finally {
        up.kill('SIGTERM')
        await once(up, 'exit')
      }
    }

    test('keeps to the text format, at every service', () => {
      for (const text of pages) expect(checkExposition(text)).toEqual([])
    })

    test.skipIf(!hasPromtool)('passes promtool check metrics, at every service', () => {
      for (const text of pages) expect(promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' })
    })

    test('shows every metric that docs/metrics.md lists, with its attributes and no others', () => {
      const specs: readonly (readonly [string, MetricSpec])[] = Object.entries(METRICS)
      const known = new Map(specs.map(([name, spec]) => [prometheusName(name, spec), spec]))
      const seen = new Set<string>()
      for (const { name, labels } of pages.flatMap(readSamples)) {
        if (name === 'target_info') continue
        const family = known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
        seen.add(family)
        const allowed = [...(known.get(family)?.attributes ?? []).map(legalName), 'le']
        expect(allowed, name).toEqual(expect.arrayContaining(Object.keys(labels)))
      }
      expect([...seen].sort()).toEqual([...known.keys()].sort())
    })

    test('never names a computer, a user or an event', () => {
      for (const text of pages) expect(text.toLowerCase()).not.toContain(COMPUTER)
    })

    test('counts every record: received = accepted + rejected + dropped', () => {
      for (const text of pages) {
        const samples = readSamples(text)
        for (const stage of ['collect', 'process']) {
          const of = (what: string) => sum(samples, `roamwatch_${stage}_${what}_records_total`)
          expect(of('received'), stage).toBe(of('accepted') + of('rejected') + of('dropped'))
        }
      }
      const [up = ''] = pages
      const samples = readSamples(up)
      expect(sum(samples, 'roamwatch_collect_dropped_records_total', { roamwatch_rule: 'unknown_provider' })).toBe(4)
      expect(sum(samples, 'roamwatch_process_rejected_records_total')).toBe(2)
      expect(sum(samples, 'roamwatch_process_stored_events_total')).toBe(6)
      expect(sum(samples, 'roamwatch_process_duplicate_events_total')).toBe(8)
    })

    test('shows the lag of every partition, and 0 once all is stored', async () => {
      const [processor] = stack.process as [Running]
      await vi.waitFor(
        async () => {
          const samples = readSamples(await page(processor.health))
          const lags = samples.filter(({ name }) => name === 'roamwatch_kafka_consumer_lag_records')
          const partitions = lags.filter(({ labels }) => labels['messaging_destination_name'] === 'roamwatch-events')
          expect(partitions).toHaveLength(6)
          expect(sum(samples, 'roamwatch_kafka_consumer_lag_records')).toBe(0)
          expect(sum(samples, 'roamwatch_kafka_consumer_lag_time_seconds')).toBe(0)
        },
        { timeout: 40_000, interval: 500 },
      )
    })
  })

  test('OTLP is protobuf unless asked otherwise, of traces and metrics', async () => {
    const traceId = newTrace()
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: '', OTEL_METRIC_EXPORT_INTERVAL: '500', OTEL_SERVICE_NAME: 'gate-7' }
    const gateway = await stack.start(['collect', 'http'], env)
    const from = receiver.requests.length
    const headers = { traceparent: `00-${traceId}-00000000000000cc-01` }
    expect((await fetch(`${gateway.url}/v1/events`, { method: 'POST', body: lines(1), headers })).status).toBe(202)
    expect(await end(gateway.child)).toBe(0)
    const bodies = (path: string) =>
      receiver.requests
        .slice(from)
        .filter((request) => request.path === path && request.type === 'application/x-protobuf')
        .map(({ body }) => body.toString('latin1'))
    const id = Buffer.from(traceId, 'hex').toString('latin1')
    expect(bodies('/v1/traces').some((body) => body.includes(id) && body.includes('gate-7'))).toBe(true)
    expect(bodies('/v1/metrics').some((body) => body.includes('http.server.request.duration'))).toBe(true)
  })

  test('a service works and stops as ever while the receiver of telemetry is away', async () => {
    const [port] = await freePorts()
    const env = { ROAMWATCH_TELEMETRY_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, ROAMWATCH_TELEMETRY_PROMETHEUS: 'off' }
    const gateway = await stack.start(['collect', 'http'], env)
    expect((await fetch(`${gateway.url}/v1/events`, { method: 'POST', body: lines(1) })).status).toBe(202)
    expect((await fetch(`${gateway.health}/metrics`)).status).toBe(404)
    expect((await fetch(`${gateway.health}/readyz`)).status).toBe(200)
    expect(await end(gateway.child)).toBe(0)
  })
})
