/** Topics that others fill: they have to be there, and are never made by us. */
import { AppError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logging.ts'
import { closeClient, createKafkaClient } from './client.ts'
import type { KafkaClientOptions } from './client-options.ts'
import { translateError } from './translate-error.ts'

const CLOSE_MS = 5_000

/** Resolves when the brokers have all of `topics` and let us see them. Rejects with TOPIC_MISMATCH, BROKER_REFUSED or BROKER_UNAVAILABLE. */
export async function requireTopics(
  options: KafkaClientOptions,
  topics: readonly string[],
  log: Logger,
): Promise<void> {
  const client = createKafkaClient(options, log)
  const admin = client.kafka.admin({ retry: { retries: 2 } })
  let present: readonly string[]
  try {
    await admin.connect()
    present = await admin.listTopics()
  } catch (error) {
    throw translateError(error, `looking for the topics ${topics.join(', ')} at ${options.brokers.join(', ')}`)
  } finally {
    await closeClient(client, [admin], CLOSE_MS)
  }
  const missing = topics.filter((topic) => !present.includes(topic))
  if (missing.length === 0) return
  throw new AppError(
    'TOPIC_MISMATCH',
    `Kafka has no topic ${missing.join(', ')}, or no right to see it (Describe): make it, or name others`,
  )
}
