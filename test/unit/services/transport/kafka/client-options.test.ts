import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../../../../services/runtime/settings.ts'
import { readClientOptions } from '../../../../../services/transport/kafka/client-options.ts'
import { planTopics } from '../../../../../services/transport/kafka/ensure-topics.ts'

describe('the options of the Kafka client', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'roamwatch-client-options-'))
    writeFileSync(join(folder, 'secret'), 'from a file\r\n')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function optionsOf(settings: Record<string, string>) {
    const env = Object.fromEntries(
      Object.entries({ brokers: 'a:9092,b:9093', ...settings }).map(([name, value]) => [
        `ROAMWATCH_KAFKA_${name.toUpperCase()}`,
        value,
      ]),
    )
    return readClientOptions(readSettings({ env }))
  }

  it('are several brokers, no TLS and no login unless asked for', () => {
    expect(optionsOf({})).toEqual({
      brokers: ['a:9092', 'b:9093'],
      clientId: 'roamwatch',
      tls: undefined,
      sasl: undefined,
    })
  })

  it('take the password from the environment or a file, without its line end', () => {
    const user = { username: 'u', sasl: 'scram-sha-512' }
    expect(optionsOf({ ...user, password: 'p' }).sasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'u',
      password: 'p',
    })
    expect(optionsOf({ ...user, password_file: join(folder, 'secret') }).sasl?.password).toBe('from a file')
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['no broker', { brokers: '' }, /kafka_brokers/],
    ['a login without a user', { sasl: 'plain', password: 'hush' }, /kafka_username/],
    ['a login without a password', { sasl: 'plain', username: 'u' }, /kafka_password/],
    ['a password for nothing', { password: 'hush' }, /kafka_sasl/],
    ['two passwords', { sasl: 'plain', username: 'u', password: 'hush', password_file: '/x' }, /not both/],
    ['a file that is not there', { sasl: 'plain', username: 'u', password_file: '/nowhere/x' }, /kafka_password_file/],
    ['an authority without TLS', { tls_ca_file: '/etc/hostname' }, /kafka_tls: on/],
    ['a certificate without its key', { tls: 'on', tls_cert_file: '/etc/hostname' }, /belong together/],
  ])('refuse %s, and never print the secret', (_, settings, words) => {
    const read = () => optionsOf(settings)
    expect(read).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }) as Error)
    expect(read).toThrow(words)
    expect(read).not.toThrow(/hush/)
  })
})

describe('the plan of the topics', () => {
  it('has the names, partitions and retention that the settings ask for', () => {
    const plan = planTopics({ kafka_topic_prefix: 'a.', kafka_partitions: 48, kafka_retention_hours: 2 })
    expect(plan.events).toMatchObject({ name: 'a.events', partitions: 48, retentionMs: 7_200_000 })
    expect(plan.dead_letters).toMatchObject({ name: 'a.dead-letters', partitions: 4 })
  })
})
