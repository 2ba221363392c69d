/**
 * `npm run stack`: a real Kafka broker, the embedded ClickHouse engine, the gateway, the tap, two processors and the API,
 * each a process of its own on a free port. Prints one line, `ready` and a JSON object, when all of it works; SIGTERM or
 * SIGINT stops everything and removes its data.
 */
import { whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { DEFAULT_TAP_TOPIC, type Running, startStack } from '../support/stack.ts'

const stopping = Promise.withResolvers<undefined>()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.resolve(undefined))
process.on('disconnect', () => stopping.resolve(undefined)) // the launcher of a clone was killed
process.channel?.unref()

const noBroker = await whyNoBroker()
if (noBroker !== undefined) process.exit(1)

const stack = await startStack()
const health = ({ health: url }: Running): string => url
const about = {
  gateway: stack.gateway.url,
  api: stack.serve.url,
  kafka: stack.broker.brokers.join(','),
  clickhouse: stack.engine.url,
  tap_topic: DEFAULT_TAP_TOPIC,
  /** For `roamwatch query --data`. */
  data: stack.dataDir,
  logs: stack.directory,
  pids: {
    gateway: stack.gateway.pid,
    tap: stack.tap.pid,
    process: stack.process.map(({ pid }) => pid),
    serve: stack.serve.pid,
    kafka: stack.broker.pid ?? null,
    clickhouse: stack.engine.card.pid,
  },
  health: {
    gateway: health(stack.gateway),
    tap: health(stack.tap),
    process: stack.process.map(health),
    serve: health(stack.serve),
  },
}
process.stdout.write(`ready ${JSON.stringify(about)}\n`)
await stopping.promise
await stack.stop()
process.exit(0) // a broker in a container leaves handles of its engine's client behind
