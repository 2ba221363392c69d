/**
 * A real Kafka broker for tests: a container where Docker can have the image, else Kafka's own jars run by Java.
 *
 *   const noBroker = await whyNoBroker()
 *   describe.skipIf(noBroker !== undefined)('…', () => { const broker = await startBroker() … await broker.stop() })
 */
import type { Broker, BrokerOptions } from './broker.ts'
import { startContainerBroker, whyNoContainer } from './container-broker.ts'
import { startJavaBroker } from './java-broker.ts'
import { bringKafkaJars } from './kafka-jars.ts'

type Way = (options: BrokerOptions) => Promise<Broker>

let way: Promise<Way | string> | undefined

/** undefined when a broker can be started here; else what is missing, in one line, which is also printed. */
export async function whyNoBroker(): Promise<string | undefined> {
  const found = await (way ??= findWay())
  if (typeof found === 'string') console.log(`not run, no Kafka broker: ${found}`)
  return typeof found === 'string' ? found : undefined
}

/** Resolves when the broker answers. Every call starts another one, on ports of its own. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const found = await (way ??= findWay())
  if (typeof found === 'string') throw new Error(`no Kafka broker: ${found}`)
  return found(options)
}

async function findWay(): Promise<Way | string> {
  const noContainer = await whyNoContainer()
  if (noContainer === undefined) return startContainerBroker
  const jars = await bringKafkaJars()
  if ('missing' in jars) return `${noContainer}; ${jars.missing}`
  return (options) => startJavaBroker(jars.folder, options)
}
