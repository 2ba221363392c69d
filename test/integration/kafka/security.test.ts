import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../../services/runtime/settings.ts'
import { type KafkaClientOptions, readClientOptions } from '../../../services/transport/kafka/client-options.ts'
import type { Broker } from '../../support/kafka-broker/broker.ts'
import { startBroker, whyNoBroker } from '../../support/kafka-broker/start-broker.ts'
import { batchOf, eventsOf, keeping, planOf, sinkOf, sourceOf } from './kafka-parts.ts'

const noBroker = await whyNoBroker()
const user = { username: 'roamwatch', password: 'only for tests' }
const waiting = { timeout: 20_000, interval: 50 }

describe.skipIf(noBroker !== undefined)('logging in at Kafka', () => {
  let broker: Broker
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roamwatch-kafka-security-'))
    broker = await startBroker({ sasl: user, tls: true })
    writeFileSync(join(folder, 'ca.pem'), broker.certificatePem ?? '')
    writeFileSync(join(folder, 'password'), `${user.password}\n`)
  })
  afterAll(async () => {
    await broker.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function optionsOf(env: Record<string, string>): KafkaClientOptions {
    return readClientOptions(readSettings({ env }))
  }

  async function sendAndRead(client: KafkaClientOptions): Promise<void> {
    const plan = planOf(1)
    const kept = keeping()
    const sink = sinkOf([], plan, { client })
    const source = sourceOf([], plan, kept.handle, { client })
    try {
      await sink.start()
      await source.start()
      await sink.send(batchOf(eventsOf(3)))
      await expect.poll(() => kept.events().size, waiting).toBe(3)
    } finally {
      await Promise.all([sink.stop(), source.stop()])
    }
  }

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('sends and reads with %s and a password file', async (sasl) => {
    await sendAndRead(
      optionsOf({
        ROAMWATCH_KAFKA_BROKERS: broker.saslBrokers.join(','),
        ROAMWATCH_KAFKA_SASL: sasl,
        ROAMWATCH_KAFKA_USERNAME: user.username,
        ROAMWATCH_KAFKA_PASSWORD_FILE: join(folder, 'password'),
      }),
    )
  })

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('refuses to start with a wrong password by %s', async (sasl) => {
    const client = optionsOf({
      ROAMWATCH_KAFKA_BROKERS: broker.saslBrokers.join(','),
      ROAMWATCH_KAFKA_SASL: sasl,
      ROAMWATCH_KAFKA_USERNAME: user.username,
      ROAMWATCH_KAFKA_PASSWORD: 'not the password',
    })
    for (const part of [sinkOf([], planOf(1), { client }), sourceOf([], planOf(1), keeping().handle, { client })]) {
      const error: unknown = await part.start().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'BROKER_REFUSED', retryable: false })
      expect((error as Error).message).not.toContain('not the password')
      await part.stop()
    }
  })

  it('sends and reads over TLS with the authority that was given', async () => {
    const client = optionsOf({
      ROAMWATCH_KAFKA_BROKERS: broker.tlsBrokers.join(','),
      ROAMWATCH_KAFKA_TLS: 'on',
      ROAMWATCH_KAFKA_TLS_CA_FILE: join(folder, 'ca.pem'),
    })
    await sendAndRead(client)
  })

  it('refuses a certificate of an unknown authority', async () => {
    const client = optionsOf({
      ROAMWATCH_KAFKA_BROKERS: broker.tlsBrokers.join(','),
      ROAMWATCH_KAFKA_TLS: 'on',
    })
    const sink = sinkOf([], planOf(1), { client })
    await expect(sink.start()).rejects.toMatchObject({ code: 'BROKER_REFUSED' })
    await sink.stop()
  })

  it('waits, and says why, where TLS meets a listener that speaks none', async () => {
    const client = optionsOf({ ROAMWATCH_KAFKA_BROKERS: broker.brokers.join(','), ROAMWATCH_KAFKA_TLS: 'on' })
    const sink = sinkOf([], planOf(1), { client })
    const started = sink.start().catch((error: unknown) => error)
    await expect.poll(() => sink.health().error?.message, waiting).toMatch(/TLS|socket|closed/i)
    await sink.stop()
    await started
  })
})
