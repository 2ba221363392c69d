import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Kafka, logLevel } from 'kafkajs'
import { simulateFleet } from '../../collectors/simulator/simulate-fleet.ts'
import type { Finding } from '../../services/all-in-one/finding.ts'
import { hasEngine } from '../support/clickhouse.ts'
import { eventXml, winlogbeatLine } from '../support/events.ts'
import type { Broker } from '../support/kafka-broker/broker.ts'
import { freePorts } from '../support/kafka-broker/free-ports.ts'
import { startBroker, whyNoBroker } from '../support/kafka-broker/start-broker.ts'
import { runCommand, startCommand } from '../support/roamwatch-command.ts'
import { end, type Running, type Stack, startRoamwatch, startStack } from '../support/stack.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const noBroker = await whyNoBroker()
const isNotRun = noBroker !== undefined || !hasEngine()
const USER = { username: 'roamwatch', password: 'a-right-password' }
const DUTCH_TOPIC = 'dutch'

type Status = {
  readonly ready: boolean
  readonly reason: string | null
  readonly lag_records: number | null
  readonly partitions: readonly { lag_records: number | null; lag_seconds: number | null }[]
  readonly counts: Readonly<Record<'received' | 'accepted' | 'dead_lettered' | 'dropped', number>>
}

describe.skipIf(isNotRun)('the services on a real broker', { timeout: 120_000 }, () => {
  const folder = isNotRun ? '' : temporaryFolder()
  let broker: Broker
  let stack: Stack

  beforeAll(async () => {
    broker = await startBroker({ sasl: USER })
    stack = await startStack({
      broker,
      tapTopics: ['winlogbeat', `${DUTCH_TOPIC} tenant=contoso time_zone=Europe/Amsterdam`],
    })
  })
  afterAll(async () => {
    await stack?.stop()
    await broker?.stop()
  })
  /** The logs are gone with the stack: where a test fails, what the services say of themselves stands beside it. */
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      for (const service of [stack.tap, stack.gateway, ...stack.process]) {
        const status = await statusOf(service).catch(String)
        console.log(service.name, JSON.stringify(status), readFileSync(service.log, 'utf8').slice(-3000))
      }
    })
  })

  async function ask<T>(sql: string, tenant = 'default'): Promise<T[]> {
    const args = ['query', '--data', stack.dataDir, '--tenant', tenant, '--format', 'ndjson', sql]
    const { code, stdout, stderr } = await runCommand(args)
    expect(code, stderr).toBe(0)
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]))
  }

  /** Rows and different keys of computers whose names begin so. */
  async function stored(computers: string): Promise<{ rows: number; keys: number }> {
    const counts = 'toUInt32(count()) AS rows, toUInt32(uniqExact(event_key)) AS keys'
    const [row] = await ask<{ rows: number; keys: number }>(
      `SELECT ${counts} FROM events WHERE startsWith(computer, '${computers}')`,
    )
    return row ?? { rows: 0, keys: 0 }
  }
  const untilStored = (computers: string, expected: number) =>
    vi.waitFor(async () => expect(await stored(computers)).toEqual({ rows: expected, keys: expected }), {
      timeout: 60_000,
      interval: 500,
    })

  async function post(body: string, url = stack.gateway.url) {
    const response = await fetch(`${url}/v1/events`, { method: 'POST', body })
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    }
  }

  async function produce(topic: string, values: readonly (string | null)[]): Promise<void> {
    const producer = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    await producer.send({ topic, messages: values.map((value, at) => ({ key: `k${at % 5}`, value })) })
    await producer.disconnect()
  }

  test('events posted to the gateway and read from a Winlogbeat topic come out of SQL, each once', async () => {
    const lines: Record<string, string[]> = { winlogbeat: [], event_xml: [], otlp: [] }
    const options = { seed: 4, devices: 30, days: 3, end: new Date('2026-10-01T00:00:00Z') }
    for await (const records of simulateFleet(options)) {
      for (const { shape, text } of records) lines[shape]?.push(text)
    }
    const all = Object.values(lines).flat()
    const { stdout } = await runCommand(['classify', '-'], { stdin: lines['event_xml']?.join('\n') ?? '' })
    const { stdout: others } = await runCommand(['classify', '-'], {
      stdin: [...(lines['winlogbeat'] ?? []), ...(lines['otlp'] ?? [])].join('\n'),
    })
    const keys = new Set(
      [stdout, others].flatMap((text) =>
        text
          .split('\n')
          .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { event_key: string }).event_key])),
      ),
    )
    const answer = await post(lines['event_xml']?.join('\n') ?? '')
    expect(answer).toMatchObject({
      status: 202,
      body: {
        received: lines['event_xml']?.length,
        accepted: lines['event_xml']?.length,
        dead_lettered: 0,
        dropped: 0,
      },
    })
    await produce('winlogbeat', [...(lines['winlogbeat'] ?? []), ...(lines['otlp'] ?? [])])
    await vi.waitFor(
      async () => {
        const [row] = await ask('SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(event_key)) AS keys FROM events')
        expect(row).toEqual({ rows: keys.size, keys: keys.size })
      },
      { timeout: 60_000, interval: 500 },
    )
    expect(keys.size).toBeLessThan(all.length) // a second shipper sent some of them too
  })

  test('the tap gives each topic its tenant and time zone, and keeps what is no event with its place', async () => {
    const xml = eventXml({ computer: 'tap-1', time: '2026-07-01T12:00:00' })
    await produce(DUTCH_TOPIC, [xml, 'no record', null, '', winlogbeatLine({ computer: 'tap-2' })])
    const rows = await vi.waitFor(
      async () => {
        const found = await ask<Record<string, unknown>>(
          "SELECT tenant, computer, toString(occurred_at) AS at FROM events WHERE startsWith(computer, 'tap-') ORDER BY computer",
          'contoso',
        )
        expect(found).toHaveLength(2)
        return found
      },
      { timeout: 30_000, interval: 300 },
    )
    expect(rows).toMatchObject([
      { tenant: 'contoso', computer: 'tap-1', at: expect.stringContaining('2026-07-01 10:00:00') as string },
      { tenant: 'contoso', computer: 'tap-2' },
    ])
    const status = await statusOf(stack.tap)
    expect(status.counts.dead_lettered).toBe(3)
    expect(status.counts.received).toBe(status.counts.accepted + status.counts.dead_lettered + status.counts.dropped)
  })

  test('kill -9 of one processor while events pour in loses and doubles none, and the lag goes back to zero', async () => {
    const victim = await stack.start(['process'])
    const total = 20_000
    const killed = once(victim.child, 'exit')
    for (let from = 0; from < total; from += 500) {
      const body = range(500).map((at) => winlogbeatLine({ computer: `kill-${at % 50}`, recordId: String(from + at) }))
      const { status, body: answer } = await post(`${body.join('\n')}\n`)
      expect([status, answer['accepted']]).toEqual([202, 500])
      if (from === 8_000) victim.child.kill('SIGKILL')
    }
    await killed
    await untilStored('kill-', total)
    const [lag] = await Promise.all(
      stack.process.map((one) =>
        vi.waitFor(
          async () => {
            const status = await statusOf(one)
            expect([status.ready, status.lag_records]).toEqual([true, 0])
            return status
          },
          { timeout: 30_000, interval: 200 },
        ),
      ),
    )
    expect(lag?.partitions.every(({ lag_seconds }) => lag_seconds === 0)).toBe(true)
    expect(await stored('kill-')).toEqual({ rows: total, keys: total })
  })

  test('SIGTERM ends every service within its deadline, and nothing that was accepted is lost', async () => {
    const extra = await Promise.all([stack.start(['process']), stack.start(['collect', 'http'])])
    const [processor, gateway] = extra
    const accepted: number[] = []
    for (let from = 0; from < 3_000; from += 100) {
      const body = range(100).map((at) => winlogbeatLine({ computer: `stop-${at % 9}`, recordId: String(from + at) }))
      if (from === 1_500) gateway.child.kill('SIGTERM')
      if (from === 1_000) processor.child.kill('SIGTERM')
      const answer = await post(body.join('\n'), gateway.url).catch(() => undefined)
      if (answer?.status === 202) accepted.push(Number(answer.body['accepted']))
    }
    expect(await Promise.all([end(processor.child), end(gateway.child)])).toEqual([0, 0])
    const sum = accepted.reduce((total, count) => total + count, 0)
    expect(sum).toBeGreaterThanOrEqual(1_500)
    expect(sum).toBeLessThan(3_000)
    await untilStored('stop-', sum)
  })

  test('collect files goes on where it was killed: grown and rotated files, none lost, none doubled', async () => {
    const logs = join(folder, 'followed')
    mkdirSync(logs)
    const path = join(logs, 'a.ndjson')
    const args = ['collect', 'files', logs, '--positions', join(folder, 'positions.json')]
    const env = { ROAMWATCH_FILES_POLL_MS: '50' }
    const lines = (from: number, count: number) =>
      range(count)
        .map((at) => `${winlogbeatLine({ computer: `file-${at % 7}`, recordId: String(from + at) })}\n`)
        .join('')
    writeFileSync(path, lines(0, 4_000))
    for (let round = 0; round < 4; round++) {
      const collector = await stack.start(args, env)
      appendFileSync(path, lines(4_000 + round * 1_000, 500) + '{"@timestamp":"2026')
      await new Promise((resolve) => setTimeout(resolve, 20 + round * 60)) // a moment that differs each round
      collector.child.kill('SIGKILL')
      await once(collector.child, 'exit')
      appendFileSync(path, `-11-24T08:00:00Z","broken\n`)
      if (round % 2 === 1) renameSync(path, `${path}.${round}`)
      appendFileSync(path, lines(4_500 + round * 1_000, 500))
    }
    const collector = await stack.start(args, env)
    await untilStored('file-', 8_000)
    await vi.waitFor(async () =>
      expect(await (await fetch(`${collector.health}/status`)).json()).toMatchObject({ lag_bytes: 0 }),
    )
    expect(await end(collector.child)).toBe(0)
  })

  test('a gateway whose broker hangs answers 503 or 429 with Retry-After; what it accepted arrives', async () => {
    const line = (id: number) => winlogbeatLine({ computer: 'hang-1', recordId: String(id) })
    await broker.kill('SIGSTOP')
    const answers = Promise.all(range(40).map((at) => post(line(at))))
    await vi.waitFor(async () => expect((await fetch(`${stack.gateway.url}/readyz`)).status).toBe(503), {
      timeout: 60_000,
      interval: 300,
    })
    expect((await fetch(`${stack.gateway.health}/healthz`)).status).toBe(200)
    await broker.kill('SIGCONT')
    const refused = (await answers).filter(({ status }) => status !== 202)
    expect(refused.length).toBeGreaterThan(0)
    for (const { status, headers, body } of refused) {
      expect([429, 503]).toContain(status)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      expect(['OVERLOADED', 'BROKER_UNAVAILABLE']).toContain(body['code'])
    }
    await vi.waitFor(async () => expect((await post(range(40).map(line).join('\n'))).status).toBe(202), {
      timeout: 60_000,
      interval: 500,
    })
    await untilStored('hang-', 40)
  })

  test('credentials: the right ones work, wrong ones end the start with a reason and no secret', async () => {
    const env = {
      ROAMWATCH_KAFKA_BROKERS: broker.saslBrokers.join(','),
      ROAMWATCH_KAFKA_SASL: 'scram-sha-512',
      ROAMWATCH_KAFKA_USERNAME: USER.username,
      ROAMWATCH_KAFKA_PASSWORD: USER.password,
    }
    const gateway = await stack.start(['collect', 'http'], env)
    expect(await post(winlogbeatLine({ computer: 'sasl-1' }), gateway.url)).toMatchObject({ status: 202 })
    await untilStored('sasl-', 1)
    expect(readFileSync(gateway.log, 'utf8')).not.toContain(USER.password)
    for (const args of [
      ['process'],
      ['collect', 'http', '--port', '0'],
      ['collect', 'kafka', '--topic', 'winlogbeat'],
    ]) {
      const { code, stderr } = await runCommand(args, {
        env: { ...env, ROAMWATCH_DATA: stack.dataDir, ROAMWATCH_KAFKA_PASSWORD: 'a-wrong-password' },
      })
      expect([args[0], code]).toEqual([args[0], 1])
      expect(stderr).toMatch(/roamwatch: Kafka refused .*[Aa]uthentication/)
      expect(stderr).not.toContain('a-wrong-password')
    }
  })

  test('up --kafka is the same in one process: it answers when Kafka has the events, and stores them', async ({
    onTestFinished,
  }) => {
    const env = {
      ROAMWATCH_KAFKA_BROKERS: broker.brokers.join(','),
      ROAMWATCH_KAFKA_TOPIC_PREFIX: 'one-process-',
      ROAMWATCH_DATA: join(folder, 'one-process'),
    }
    const child = startCommand(['up', '--kafka', '--port', '0'], { env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let words = ''
    child.stdout?.on('data', (chunk: Buffer) => (words += chunk.toString()))
    child.stderr?.resume()
    const url = await vi.waitFor(
      () => {
        const found = /answers on (\S+)/.exec(words)?.[1]
        expect(found).toBeDefined()
        return found as string
      },
      { timeout: 60_000, interval: 100 },
    )
    const body = range(200).map((id) => winlogbeatLine({ computer: `one-${id % 3}`, recordId: String(id) }))
    expect(await post(body.join('\n'), url)).toMatchObject({ status: 202, body: { accepted: 200 } })
    await vi.waitFor(
      async () => {
        const page = await fetch(`${url}/v1/events?limit=1000`)
        expect(((await page.json()) as { events: unknown[] }).events).toHaveLength(200)
      },
      { timeout: 30_000, interval: 200 },
    )
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(await end(child)).toBe(0)
  })

  test('up --kafka without brokers is refused with the setting that is missing', async () => {
    const { code, stderr } = await runCommand(['up', '--kafka', '--data', join(folder, 'none')])
    expect(code).toBe(2)
    expect(stderr).toContain('kafka_brokers must name at least one broker')
  })

  describe('roamwatch doctor', () => {
    const doctor = async (env: Readonly<Record<string, string>>, data = stack.dataDir) => {
      const settings = { ROAMWATCH_KAFKA_BROKERS: broker.brokers.join(','), ROAMWATCH_KAFKA_PARTITIONS: '6' }
      const { code, stdout } = await runCommand(['doctor', '--data', data], { env: { ...settings, ...env } })
      const findings = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Finding]))
      return { code, of: Object.fromEntries(findings.map((finding) => [finding.check, finding])) }
    }

    beforeAll(async () => {
      expect(await post(winlogbeatLine({ computer: 'doctor-1' }))).toMatchObject({ status: 202 })
    })

    test('finds brokers, topics, rights, lag, versions, migrations and clocks well', async () => {
      const { code, of } = await doctor({ ROAMWATCH_KAFKA_TAP_TOPICS: `winlogbeat,${DUTCH_TOPIC}` })
      expect(code).toBe(0)
      for (const check of [
        'Kafka',
        'topics',
        'Kafka rights',
        'lag',
        'lag of the tap',
        'store',
        'clock',
        'migrations',
      ]) {
        expect([check, of[check]?.status]).toEqual([check, 'ok'])
      }
      expect(of['lag']?.detail).toMatch(
        /^(nothing waits|\d+ records wait); \d+ consumers? in the group roamwatch-process$/,
      )
      expect(of['store']?.detail).toMatch(/ClickHouse engine \d+\.\d+/)
      expect(of['clock']?.detail).toMatch(/\d+ ms (ahead|behind)/)
    })

    test.for([
      [{ ROAMWATCH_KAFKA_PARTITIONS: '64' }, 'topics', 'failed', /has 6 partitions, not 64 .*--partitions 64/],
      [
        { ROAMWATCH_KAFKA_TOPIC_PREFIX: 'none-' },
        'topics',
        'warning',
        /none-events, none-dead-letters; start a service/,
      ],
      [
        { ROAMWATCH_KAFKA_TOPIC_PREFIX: 'none-', ROAMWATCH_KAFKA_TOPICS: 'check' },
        'topics',
        'failed',
        /kafka-topics\.sh --create --topic none-events/,
      ],
      [{ ROAMWATCH_KAFKA_GROUP_ID: 'nobody' }, 'lag', 'warning', /\d+ records wait; 0 consumers .*roamwatch process/],
      [{ ROAMWATCH_KAFKA_SASL: 'plain' }, 'Kafka', 'failed', /needs kafka_username/],
      [{ ROAMWATCH_KAFKA_BROKERS: '127.0.0.1:9' }, 'Kafka', 'failed', /does not answer.*advertised\.listeners/],
    ] as const)('%j: names what is wrong with %s, and the fix', async ([env, check, status, words]) => {
      const { code, of } = await doctor(env)
      expect([of[check]?.status, code]).toEqual([status, status === 'failed' ? 1 : 0])
      expect(`${of[check]?.detail}; ${of[check]?.fix}`).toMatch(words)
      expect(of['store']?.status).toBe('ok') // what does not depend on it is looked at all the same
    })

    test('wrong credentials are named, without the password', async () => {
      const { code, of } = await doctor({
        ROAMWATCH_KAFKA_BROKERS: broker.saslBrokers.join(','),
        ROAMWATCH_KAFKA_SASL: 'scram-sha-256',
        ROAMWATCH_KAFKA_USERNAME: USER.username,
        ROAMWATCH_KAFKA_PASSWORD: 'a-wrong-password',
      })
      expect([code, of['Kafka']?.status, of['Kafka']?.fix]).toEqual([
        1,
        'failed',
        'check kafka_username, its password, kafka_tls',
      ])
      expect(JSON.stringify(of)).not.toContain('a-wrong-password')
    })
  })

  test('a tap refuses topics that are not there and those of our own, by name', async () => {
    const env = { ROAMWATCH_KAFKA_BROKERS: broker.brokers.join(','), ROAMWATCH_KAFKA_PARTITIONS: '6' }
    const missing = await runCommand(['collect', 'kafka', '--topic', 'nowhere'], { env })
    expect([missing.code, missing.stderr.trimEnd().split('\n').at(-1)]).toEqual([
      1,
      'roamwatch: Kafka has no topic nowhere, or no right to see it (Describe): make it, or name others',
    ])
    const own = await runCommand(['collect', 'kafka', '--topic', 'roamwatch-events'], { env })
    expect([own.code, own.stderr]).toEqual([
      2,
      'roamwatch: kafka_tap_topics names roamwatch-events, which this program fills itself\n',
    ])
  })
})

describe.skipIf(isNotRun)('a broker that is not there at the start', { timeout: 120_000 }, () => {
  const folder = isNotRun ? '' : temporaryFolder()

  test('is waited for: alive, not ready and why; then it goes on by itself', async () => {
    const [port, healthPort] = await freePorts()
    const env = {
      ROAMWATCH_KAFKA_BROKERS: `127.0.0.1:${port}`,
      ROAMWATCH_API_PORT: '0',
      ROAMWATCH_HEALTH_PORT: String(healthPort),
    }
    const health = `http://127.0.0.1:${healthPort}`
    const starting = startRoamwatch(['collect', 'http'], { env, directory: folder })
    const ready = await vi.waitFor(
      async () => {
        const response = await fetch(`${health}/readyz`)
        const body = (await response.json()) as { detail: string }
        expect(body.detail).toContain('does not answer')
        return { status: response.status, body }
      },
      { timeout: 30_000, interval: 200 },
    )
    expect(ready.status).toBe(503)
    expect(ready.body.detail).toContain(`127.0.0.1:${port}`)
    expect((await fetch(`${health}/healthz`)).status).toBe(200)

    const broker = await startBroker({ port })
    try {
      const gateway = await starting
      expect((await fetch(`${health}/readyz`)).status).toBe(200)
      expect(await end(gateway.child)).toBe(0)
    } finally {
      await broker.stop()
    }
  })

  test('SIGTERM ends the waiting within a moment, as a success', async ({ onTestFinished }) => {
    const [port] = await freePorts()
    const env = { ROAMWATCH_KAFKA_BROKERS: `127.0.0.1:${port}`, ROAMWATCH_API_PORT: '0' }
    const child = startCommand(['collect', 'http'], { env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let words = ''
    child.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()))
    await vi.waitFor(() => expect(words).toContain('waiting for it'), { timeout: 30_000, interval: 100 })
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(words).not.toContain('did not stop within the deadline')
  })
})

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}

async function statusOf({ health }: Running): Promise<Status> {
  return (await (await fetch(`${health}/status`)).json()) as Status
}
