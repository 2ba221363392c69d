/**
 * `npm run trace`: starts the services of `npm run stack` and a receiver of OTLP, posts a few events to the gateway with a trace
 * of a shipper's, and prints what became of that request as a tree: from the request over Kafka to the insert.
 */
import { setTimeout } from 'node:timers/promises'
import { winlogbeatLine } from '../support/events.ts'
import { whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { startStack } from '../support/stack.ts'
import { flatten, printTree, treeOf } from '../support/trace-tree.ts'

const EVENTS = 5
const DEADLINE_MS = 60_000
/** What a shipper that traces itself would send: version, trace, its own span, sampled. */
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`

if ((await whyNoBroker()) !== undefined) process.exit(1)
const receiver = await startOtlpReceiver()
const env = { ROAMWATCH_TELEMETRY_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
const stack = await startStack({ processors: 1, env })
try {
  const body = Array.from({ length: EVENTS }, (_, at) => `${winlogbeatLine({ recordId: String(at + 1) })}\n`).join('')
  const headers = { traceparent: TRACEPARENT, 'content-type': 'application/x-ndjson' }
  const response = await fetch(`${stack.gateway.url}/v1/events`, { method: 'POST', body, headers })
  console.log(`POST ${response.url} ${response.status} ${await response.text()}\n`)
  console.log(await untilStored())
} finally {
  await stack.stop()
  await receiver.stop()
}
process.exit(0) // a broker in a container leaves handles of its engine's client behind

async function untilStored(): Promise<string> {
  const until = performance.now() + DEADLINE_MS
  while (performance.now() < until) {
    await setTimeout(200)
    const root = receiver.spans.find(({ traceId, kind }) => traceId === TRACE_ID && kind === 2)
    if (root === undefined) continue
    const tree = treeOf(receiver.spans, root)
    if (flatten(tree).some(({ name }) => name === 'process roamwatch-events')) return printTree(tree)
  }
  throw new Error(`no insert of trace ${TRACE_ID} within ${DEADLINE_MS / 1000} s`)
}
