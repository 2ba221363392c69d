/** A receiver of OTLP over HTTP in JSON (OTEL_EXPORTER_OTLP_PROTOCOL=http/json): keeps the spans that services send. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type ReceivedSpan = {
  /** service.name of the resource. */
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  /** As OTLP numbers it: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  /** Nanoseconds since 1970. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly isError: boolean
}

export type OtlpReceiver = {
  /** For telemetry_otlp_endpoint. */
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  /** Every request: its path, type and body. */
  readonly requests: readonly { readonly path: string; readonly type: string; readonly body: Buffer }[]
  readonly stop: () => Promise<void>
}

type Value = { stringValue?: string; intValue?: string | number; doubleValue?: number; boolValue?: boolean }
type KeyValue = { readonly key: string; readonly value: Value }
type OtlpSpan = {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly KeyValue[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly status?: { readonly code?: number }
}
type OtlpTraces = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
  }[]
}

const STATUS_ERROR = 2

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const requests: { path: string; type: string; body: Buffer }[] = []

  async function take(request: IncomingMessage): Promise<void> {
    const body = await buffer(request)
    const type = request.headers['content-type'] ?? ''
    requests.push({ path: request.url ?? '', type, body })
    if (request.url !== '/v1/traces' || type !== 'application/json') return
    spans.push(...readSpans(JSON.parse(body.toString()) as OtlpTraces))
  }

  const server = createServer((request, response) => {
    take(request).then(
      () => response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' }).end('{}'),
      () => response.writeHead(400).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function readSpans({ resourceSpans }: OtlpTraces): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name'] ?? '')
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => readSpan(service, span)))
  })
}

function readSpan(service: string, span: OtlpSpan): ReceivedSpan {
  return {
    service,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId === '' ? undefined : span.parentSpanId,
    name: span.name,
    kind: span.kind,
    start: BigInt(span.startTimeUnixNano),
    end: BigInt(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes ?? []),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
    isError: span.status?.code === STATUS_ERROR,
  }
}

function attributesOf(pairs: readonly KeyValue[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const number = value.intValue ?? value.doubleValue
      return [key, value.stringValue ?? value.boolValue ?? Number(number)]
    }),
  )
}
