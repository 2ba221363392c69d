import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createReplayer, type ReplayerDeps } from '../../../../collectors/replay/replay-letters.ts'
import type { StoredDeadLetter } from '../../../../schemas/api/dead-letters.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import type { DeadLetterAction } from '../../../../schemas/dead-letter-action.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import type { Batch, Sink } from '../../../../services/transport/transport.ts'
import { eventXml, winlogbeatLine } from '../../../support/events.ts'
import { anEvent } from '../../services/processor/an-event.ts'

const catalog = loadCatalog()
const KEY = '0123456789abcdef'.repeat(2)

function letterOf(record: string | Uint8Array, change: Partial<StoredDeadLetter> = {}): StoredDeadLetter {
  const bytes = Buffer.from(record)
  return {
    dead_letter_key: KEY,
    tenant: 'contoso',
    state: 'open',
    reopened: false,
    reason: 'unknown_shape',
    detail: 'at that time',
    source_kind: 'http',
    origin: 'body@0',
    shipper: null,
    length: bytes.length,
    first_seen: '2026-11-01T00:00:00.0000000Z',
    last_seen: '2026-11-03T00:00:00.0000000Z',
    seen: 3,
    attempts: 0,
    attempted_at: null,
    attempt_reason: null,
    attempt_detail: null,
    closed_at: null,
    closed_by: null,
    closed_version: null,
    discard_reason: null,
    bytes: bytes.toString('base64'),
    is_whole: true,
    ...change,
  }
}

function replaying(deps: Partial<ReplayerDeps> = {}) {
  const sent: Batch[] = []
  const recorded: DeadLetterAction[] = []
  const sink: Sink = {
    send(batch) {
      sent.push(batch)
      const accepted = batch.events.length
      return Promise.resolve({
        received: accepted,
        accepted,
        dead_lettered: 0,
        dropped: 0,
        stored: accepted,
        duplicates: 0,
      })
    },
  }
  let attempts = 0
  const replayer = createReplayer({
    catalog,
    keep: 'known',
    retentionDays: null,
    clock: () => Date.parse('2026-11-24T12:00:00Z'),
    sink,
    record: (actions) => Promise.resolve(void recorded.push(...actions)),
    version: '1.2.3',
    nameAttempt: () => `attempt-${++attempts}`,
    retry: { deadlineMs: 0 },
    ...deps,
  })
  return { replayer, sent, recorded }
}

describe('replaying a letter', () => {
  it.each([
    ['a Winlogbeat line', winlogbeatLine()],
    ['event XML', eventXml()],
    ['event XML in UTF-16', Buffer.from(`\uFEFF${eventXml()}`, 'utf16le')],
    ['a message in gzip that an earlier version could not read', gzipSync(winlogbeatLine())],
    ['our own event, as the processor keeps it', JSON.stringify(anEvent())],
  ])('reads %s, and sends its event under the tenant of the letter, with what closes it', async (_, record) => {
    const { replayer, sent, recorded } = replaying()
    const [result] = await replayer.replay([letterOf(record)], 'ada')
    expect(result).toMatchObject({ dead_letter_key: KEY, outcome: 'replayed', events: 1, stored: 1 })
    expect(sent).toMatchObject([
      {
        tenant: 'contoso',
        deadLetters: [],
        dropped: 0,
        batchId: 'replay:attempt-1:0',
        replay: {
          dead_letter_key: KEY,
          attempt: 'attempt-1',
          part: 0,
          parts: 1,
          covers: 3,
          requested_by: 'ada',
          requested_at: '2026-11-24T12:00:00.000Z',
        },
      },
    ])
    expect(recorded).toEqual([])
  })

  it('sends each event of a record with several as a part of its own', async () => {
    const { replayer, sent } = replaying()
    const lines = ['1', '2', '3'].map((recordId) => winlogbeatLine({ recordId }))
    const [result] = await replayer.replay([letterOf(`[${lines.join(',')}]`)], 'ada')
    expect(result).toMatchObject({ outcome: 'replayed', events: 3, stored: 3 })
    expect(sent.map(({ replay }) => [replay?.attempt, replay?.part, replay?.parts])).toEqual([
      ['attempt-1', 0, 3],
      ['attempt-1', 1, 3],
      ['attempt-1', 2, 3],
    ])
  })

  it('sends the good events of a record with a bad one, under a number of parts that keeps the letter open', async () => {
    const { replayer, sent, recorded } = replaying()
    const [result] = await replayer.replay(
      [letterOf(`${winlogbeatLine()}\n${winlogbeatLine({ computer: '' })}`)],
      'ada',
    )
    expect(result).toMatchObject({ outcome: 'failed', events: 1, stored: 1, reason: 'no_computer' })
    expect(sent.map(({ replay }) => [replay?.part, replay?.parts])).toEqual([[0, 2]])
    expect(recorded).toMatchObject([{ action: 'failed', part: 1, parts: 2, reason: 'no_computer', version: '1.2.3' }])
  })

  it.each([
    ['nothing at all', '', 'unknown_shape'],
    ['white space', ' \n', 'unknown_shape'],
    ['half a record', '{"a":', 'truncated'],
    ['noise', Buffer.from([0xff, 0xfe, 0xfd, 0x00, 0x80]), undefined],
    ['a DTD', '<!DOCTYPE x [<!ENTITY a "b">]><Event>&a;</Event>', undefined],
    ['deep nesting', '['.repeat(100_000), undefined],
    ['another program', '{"hello":"world"}', 'unknown_shape'],
    ['an event of an impossible time', winlogbeatLine({ time: '1601-01-01T00:00:00Z' }), 'time_out_of_range'],
  ])('keeps the new reason of %s, and sends nothing', async (_, record, reason) => {
    const { replayer, sent, recorded } = replaying()
    const [result] = await replayer.replay([letterOf(record)], 'ada')
    expect(result).toMatchObject({ outcome: 'failed', events: 0, stored: 0 })
    if (reason !== undefined) expect(result?.reason).toBe(reason)
    expect(sent).toEqual([])
    expect(recorded).toMatchObject([{ tenant: 'contoso', action: 'failed', reason: result?.reason }])
  })

  it('says that a record out of an .evtx file has to be imported with its file', async () => {
    const { replayer, recorded } = replaying()
    const record = Buffer.concat([Buffer.from([0x2a, 0x2a, 0, 0]), Buffer.alloc(200, 7)])
    const letter = letterOf(record, { reason: 'invalid_event', origin: 'pc7.evtx@4608', shipper: 'evtx' })
    const [result] = await replayer.replay([letter], 'ada')
    expect(result).toMatchObject({ outcome: 'failed', reason: 'invalid_event' })
    expect(result?.detail).toContain('import the file again (pc7.evtx@4608)')
    expect(recorded).toHaveLength(1)
  })

  it('sends nothing of what was cut, and counts no attempt', async () => {
    const { replayer, sent, recorded } = replaying()
    const [result] = await replayer.replay([letterOf(winlogbeatLine(), { is_whole: false, length: 20_000_000 })], 'ada')
    expect(result).toMatchObject({ outcome: 'not_replayable', reason: null })
    expect(result?.detail).toMatch(/64 KiB of its 20000000 bytes/)
    expect([sent, recorded]).toEqual([[], []])
  })

  it('drops by the rules of today: too old, or of a provider that is not kept', async () => {
    const { replayer } = replaying({ retentionDays: 10 })
    const letters = [
      letterOf(winlogbeatLine({ time: '2026-11-01T00:00:00Z' })),
      letterOf(winlogbeatLine({ provider: 'Disk' })),
    ]
    const results = await replayer.replay(letters, 'ada')
    expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['failed', 'expired'],
      ['failed', 'unknown_provider'],
    ])
  })

  it('removes secrets once more, also those that only today’s code knows', async () => {
    const { replayer, sent } = replaying()
    const token = `eyJ${'a'.repeat(40)}.eyJ${'b'.repeat(60)}.${'c'.repeat(43)}`
    await replayer.replay([letterOf(winlogbeatLine({ data: { AdditionalInformation: token } }))], 'ada')
    expect(JSON.stringify(sent)).not.toContain(token)
  })

  it('asks again while the sink cannot take it, under the same names, and rejects when that does not end', async () => {
    const down = new AppError('STORE_UNAVAILABLE', 'away', { retryable: true })
    const names: string[] = []
    let failures = 2
    const sink: Sink = {
      send({ batchId }) {
        names.push(batchId)
        if (failures-- > 0) return Promise.reject(down)
        return Promise.resolve({ received: 1, accepted: 1, dead_lettered: 0, dropped: 0 })
      },
    }
    const patient = replaying({ sink, retry: { deadlineMs: 1000, firstPauseMs: 1 } })
    const [result] = await patient.replayer.replay([letterOf(winlogbeatLine())], 'ada')
    expect(result).toMatchObject({ outcome: 'queued', stored: 0 })
    expect(names).toEqual(Array.from({ length: 3 }, () => 'replay:attempt-1:0'))
    failures = 1
    await expect(replaying({ sink }).replayer.replay([letterOf(winlogbeatLine())], 'ada')).rejects.toBe(down)
  })
})
