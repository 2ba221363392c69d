import { type LogEntry, logLevel } from 'kafkajs'
import { Writable } from 'node:stream'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { createClientLog } from '../../../../../services/transport/kafka/client-log.ts'

type Line = { readonly level: number; readonly msg: string; readonly component: string; readonly groupId?: string }
const { trace, debug, info } = pino.levels.values as Record<string, number>

function setUp() {
  const lines: Line[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)) as Line)
      done()
    },
  })
  const faults: object[] = []
  let now = 0
  const write = createClientLog(
    pino({ level: 'trace' }, stream),
    (error) => faults.push(error),
    () => now,
  )(logLevel.DEBUG)
  const say = (level: logLevel, message: string, rest: object = {}) => {
    const entry: LogEntry = {
      namespace: 'Consumer',
      level,
      label: '',
      log: { timestamp: '', message, logger: 'kafkajs', ...rest },
    }
    write(entry)
  }
  return { lines, faults, say, later: (ms: number) => (now += ms) }
}

describe("kafkajs' log", () => {
  it('comes at lower levels, with its fields and its part', () => {
    const { lines, say } = setUp()
    say(logLevel.ERROR, 'crash', { groupId: 'g' })
    say(logLevel.WARN, 'rebalancing')
    say(logLevel.INFO, 'joined')
    say(logLevel.DEBUG, 'request')
    expect(lines.map(({ level }) => level)).toEqual([info, debug, debug, trace])
    expect(lines[0]).toMatchObject({ msg: 'crash', component: 'kafkajs Consumer', groupId: 'g' })
    expect(lines[0]).not.toHaveProperty('logger')
  })

  it('says the same once in half a minute', () => {
    const { lines, say, later } = setUp()
    say(logLevel.ERROR, 'refused')
    say(logLevel.ERROR, 'refused')
    say(logLevel.ERROR, 'closed')
    later(30_001)
    say(logLevel.ERROR, 'refused')
    expect(lines.map(({ level }) => level)).toEqual([info, debug, info, info])
  })

  it.each([
    'Crash: KafkaJSNumberOfRetriesExceeded: The group coordinator is not available',
    'Restarting the consumer in 600ms',
    'Response GroupCoordinator(key: 10, version: 2)',
  ])('is for debugging where we say it ourselves: %s', (message) => {
    const { lines, faults, say } = setUp()
    say(logLevel.ERROR, message, { error: new Error('x') })
    expect(lines.map(({ level }) => level)).toEqual([debug])
    expect(faults).toHaveLength(1)
  })

  it('passes on the errors that lines carry', () => {
    const { faults, say } = setUp()
    const error = new Error('x')
    say(logLevel.DEBUG, 'tried', { error })
    say(logLevel.ERROR, 'said', { error: 'only text' })
    expect(faults).toEqual([error])
  })
})
