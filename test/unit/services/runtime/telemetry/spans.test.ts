import { readFileSync } from 'node:fs'
import { context, metrics, propagation, ROOT_CONTEXT, type SpanContext, trace, TraceFlags } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../../../services/runtime/errors.ts'
import { inSpan, MAX_LINKS, originOf, senderOf } from '../../../../../services/runtime/telemetry/spans.ts'
import { createDirectTransport } from '../../../../../services/transport/direct/direct-transport.ts'

const exporter = new InMemorySpanExporter()
const sender = (number: number): SpanContext => ({
  traceId: number.toString(16).padStart(32, '0'),
  spanId: number.toString(16).padStart(16, '0'),
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
})
const finished = () => exporter.getFinishedSpans()

describe('spans with the real SDK', () => {
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    propagation.setGlobalPropagator(new W3CTraceContextPropagator())
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
  })
  beforeEach(() => exporter.reset())
  afterAll(() => {
    trace.disable()
    context.disable()
    propagation.disable()
  })

  test('there is one copy of the API: one nested in the SDK would record nothing, silently', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, unknown> }
    const copies = Object.keys(lock.packages).filter((path) => path.endsWith('/@opentelemetry/api'))
    expect(copies).toEqual(['node_modules/@opentelemetry/api'])
  })

  test('a span ends with its work, gives back what the work gave, and holds what was done in it', async () => {
    expect(inSpan('now', {}, () => 7)).toBe(7)
    await expect(
      inSpan('outer', { kind: 'consumer', attributes: { a: 1 } }, async () => {
        await Promise.resolve()
        return inSpan('inner', { kind: 'client' }, () => Promise.resolve('done'))
      }),
    ).resolves.toBe('done')
    const [now, inner, outer] = finished()
    expect(now?.name).toBe('now')
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
    expect(outer).toMatchObject({ name: 'outer', attributes: { a: 1 } })
  })

  test('what work throws is thrown on, and named by its code', async () => {
    const fault = new AppError('STORE_UNAVAILABLE', 'no answer', { retryable: true })
    await expect(inSpan('late', {}, () => Promise.reject(fault))).rejects.toBe(fault)
    const sync = () =>
      inSpan('at once', {}, () => {
        throw new TypeError('ours')
      })
    expect(sync).toThrow(TypeError)
    expect(finished().map(({ attributes, status }) => [attributes['error.type'], status.code])).toEqual([
      ['STORE_UNAVAILABLE', 2],
      ['_OTHER', 2],
    ])
  })

  test('what an error says stays here: values of rows stand in it', async () => {
    const words = 'Cannot parse DateTime of (secret-device-name, alice@example.com)'
    const faults = [new AppError('QUERY_INVALID', words, { cause: new Error(words) }), new Error(words), words]
    for (const fault of faults) {
      await expect(inSpan('late', {}, () => Promise.reject(fault as Error))).rejects.toBe(fault)
      const sync = () =>
        inSpan('at once', {}, () => {
          throw fault as Error
        })
      expect(sync).toThrow()
    }
    const spans = finished().map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
    expect(spans).toHaveLength(6)
    for (const { status } of spans) expect(status).toEqual({ code: 2 })
    expect(JSON.stringify(spans)).not.toMatch(/secret|alice|parse/)
  })

  test('a batch of one sender is its child; of several, or of some without a span, a trace of its own with links', () => {
    const of = (...senders: (SpanContext | undefined)[]) => {
      const { parent, links } = originOf(senders)
      return { parent: trace.getSpanContext(parent)?.spanId, links: links.map(({ context: to }) => to.spanId) }
    }
    const [one, two] = [sender(1), sender(2)]
    expect(of(one, one)).toEqual({ parent: one.spanId, links: [one.spanId] })
    expect(of(one, two, one)).toEqual({ parent: undefined, links: [one.spanId, two.spanId] })
    expect(of(one, undefined)).toEqual({ parent: undefined, links: [one.spanId] })
    expect(of()).toEqual({ parent: undefined, links: [] })
    expect(of(...Array.from({ length: 5000 }, (_, at) => sender(at + 1))).links).toHaveLength(MAX_LINKS)
  })

  test('nothing runs: there is no sender', () => {
    expect(senderOf()).toBeUndefined()
    expect(senderOf(trace.setSpanContext(ROOT_CONTEXT, { ...sender(1), spanId: '0'.repeat(16) }))).toBeUndefined()
  })

  test('within one process a micro-batch is linked with its senders, or the child of the only one', async () => {
    const receipt = { received: 0, accepted: 0, dead_lettered: 0, dropped: 0 }
    const transport = createDirectTransport({
      handle: (batches) => inSpan('handled', {}, () => Promise.resolve(batches.map(() => receipt))),
      maxBatchEvents: 10,
      maxWaitMs: 1,
      maxPendingEvents: 100,
      inFlight: 1,
    })
    await transport.start()
    const batch = { tenant: 'default', events: [], deadLetters: [], dropped: 0, batchId: 'x' }
    const send = (name: string) => inSpan(name, {}, () => transport.send(batch))
    await Promise.all([send('a'), send('b')])
    await send('c')
    await transport.stop()
    const named = (name: string) => finished().filter((span) => span.name === name)
    const [ofTwo, ofOne] = named('process')
    const ids = (name: string) => named(name).map((span) => span.spanContext().spanId)
    expect(ofTwo?.links.map((link) => link.context.spanId)).toEqual([...ids('a'), ...ids('b')])
    expect(ofTwo?.parentSpanContext).toBeUndefined()
    expect(ofOne?.parentSpanContext?.spanId).toBe(ids('c')[0])
    expect(named('handled').map((span) => span.parentSpanContext?.spanId)).toEqual(ids('process'))
  })
})

test('without an SDK spans and instruments do nothing, and work goes on', () => {
  expect(inSpan('silent', {}, () => 7)).toBe(7)
  expect(() => metrics.getMeter('x').createCounter('y').add(1)).not.toThrow()
})
