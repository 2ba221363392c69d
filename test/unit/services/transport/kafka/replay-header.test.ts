import { describe, expect, it } from 'vitest'
import { MESSAGE_HEADERS } from '../../../../../schemas/topics.ts'
import { decodeMessage } from '../../../../../services/transport/kafka/decode-message.ts'
import { encodeEvent, messageHeaders } from '../../../../../services/transport/kafka/encode-message.ts'
import { toBatches } from '../../../../../services/transport/kafka/kafka-source.ts'
import { encodeSending } from '../../../../../services/transport/kafka/sending.ts'
import { eventsOf } from '../../../../integration/kafka/kafka-parts.ts'

const [event] = eventsOf(1)
const TOPICS = { events: { name: 'events', partitions: 3 }, dead_letters: { name: 'dead-letters', partitions: 3 } }
const replay = {
  dead_letter_key: 'a'.repeat(32),
  attempt: 'attempt-1',
  part: 1,
  parts: 2,
  covers: 3,
  requested_by: 'Ada Löw\n',
  requested_at: '2026-11-24T00:00:00.000Z',
}

function recordOf(headers: Readonly<Record<string, string>>, offset = '7') {
  const bytes = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]))
  const { value } = encodeEvent('contoso', event!, messageHeaders('contoso'))
  return { key: null, value, headers: bytes, offset, timestamp: '1790000000000' }
}

describe('the header of a replayed event', () => {
  it('carries what closes the letter over Kafka, in a batch of its own', () => {
    const batch = { tenant: 'contoso', events: [event!], deadLetters: [], dropped: 0, batchId: 'b', replay }
    const nothing = () => undefined
    const sending = { batch, trace: {}, resolve: nothing, reject: nothing }
    const counts = { unacknowledged: 0, bytes: 0, tooLarge: 0, isSettled: false }
    const [queued] = encodeSending({ ...sending, ...counts }, TOPICS)
    const records = [recordOf(queued?.message.headers ?? {}), recordOf(messageHeaders('contoso'), '8')]
    const chunk = {
      topic: 'events',
      partition: 2,
      firstOffset: 7n,
      lastOffset: 8n,
      firstTime: 0,
      lastTime: 0,
      bytes: 0,
      records,
    }
    const deps = {
      tenant: 'default',
      now: Date.now,
      redact: { bytes: (bytes: Uint8Array) => bytes, text: (text: string) => text },
    }
    const batches = toBatches(deps, 'events', chunk)
    expect(batches).toHaveLength(2)
    expect(batches[0]).toMatchObject({ tenant: 'contoso', batchId: 'kafka:events/2@7', replay, events: [event] })
    expect(batches[1]).not.toHaveProperty('replay')
    expect(batches[1]?.events).toEqual([event])
  })

  it.each([
    ['no JSON', '{'],
    ['no object', '7'],
    ['no key', JSON.stringify({ ...replay, dead_letter_key: 'x' })],
    ['a part before the first', JSON.stringify({ ...replay, part: -1 })],
    ['no time', JSON.stringify({ ...replay, requested_at: 'soon' })],
    ['more than is known', JSON.stringify({ ...replay, extra: 1 })],
  ])('is ignored, and the event is taken, when it is another program’s: %s', (_, text) => {
    const decoded = decodeMessage('events', recordOf({ ...messageHeaders('contoso'), [MESSAGE_HEADERS.replay]: text }))
    expect(decoded).toEqual({ kind: 'event', tenant: 'contoso', event })
  })
})
