import { describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'
import { deadLetterKey } from '../../../../schemas/dead-letter-key.ts'
import { DeadLetter } from '../../../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'
import type { PipelineInput } from '../../../../services/processor/steps/reject.ts'
import { createPipeline } from '../../../../services/processor/pipeline.ts'
import { createDecodeBytes } from '../../../../services/processor/steps/decode-bytes.ts'
import { anEvent } from './an-event.ts'
import { catalog, NOW, pipeline, rowOf, rules } from './a-pipeline.ts'

const source = { tenant: 'contoso', kind: 'kafka', origin: (index: number) => `events/3@${1000 + index}` }
const run = (inputs: readonly PipelineInput[]) => pipeline.processBatch(inputs, source)
const reasonOf = (of: Partial<WindowsEvent>) => run([anEvent(of)]).deadLetters[0]?.reason ?? 'row'

describe('a batch', () => {
  const good = anEvent()
  const broken = Buffer.from('{"computer":')

  it('keeps order and goes on behind bad records, each of which is kept with its bytes, reason and origin', () => {
    const json = Buffer.from(JSON.stringify(anEvent({ record_id: '3' })))
    const { rows, deadLetters } = run([good, broken, json, anEvent({ occurred_at: '1601-01-01T00:00:00Z' })])
    expect(rows.map((row) => row.record_id)).toEqual(['4711', '3'])
    expect(deadLetters.map(({ reason, origin }) => [reason, origin])).toEqual([
      ['not_json', 'events/3@1001'],
      ['time_out_of_range', 'events/3@1003'],
    ])
    for (const letter of deadLetters) expect(Compile(DeadLetter).Errors(letter)).toEqual([])
    expect(Buffer.from(deadLetters[0]?.bytes ?? '', 'base64')).toEqual(broken)
    expect(deadLetters[0]).toMatchObject({
      tenant: 'contoso',
      source_kind: 'kafka',
      length: broken.length,
      shipper: null,
      received_at: NOW.toISOString(),
      dead_letter_key: deadLetterKey('contoso', 'kafka', 'not_json', broken),
    })
    const again: unknown = JSON.parse(Buffer.from(deadLetters[1]?.bytes ?? '', 'base64').toString())
    expect(again).toEqual(anEvent({ occurred_at: '1601-01-01T00:00:00Z' }))
  })

  it('gives the same rows for the same events as objects and as bytes, again and again', () => {
    const events = [good, anEvent({ record_id: null, message: 'tekst' }), anEvent({ data: { Error: '3399811100' } })]
    const once = run(events).rows
    expect(run(events.map((event) => Buffer.from(JSON.stringify(event)))).rows).toEqual(once)
    expect(run(events).rows).toEqual(once)
  })

  it('of nothing is nothing', () => {
    expect(run([])).toEqual({ rows: [], deadLetters: [] })
  })

  it('does not change the events that it is given', () => {
    const event = Object.freeze(
      anEvent({ computer: 'PC-1', data: Object.freeze({ param1: '3399811100', param2: '', param3: '' }) }),
    )
    expect(run([event]).rows[0]).toMatchObject({ computer: 'pc-1', data: { Error: '3399811100' } })
    expect(event.computer).toBe('PC-1')
  })

  it('keeps 64 KiB of a record that is too large, and its whole length', () => {
    const large = Buffer.alloc(16 * 1024 * 1024 + 5, 0x20)
    const [letter] = run([large]).deadLetters
    expect(letter).toMatchObject({ reason: 'too_large', length: large.length })
    expect(Buffer.from(letter?.bytes ?? '', 'base64')).toHaveLength(64 * 1024)
  })

  it('takes facts from the enrich step into row and revision', () => {
    const enriched = createPipeline({
      catalog,
      rules,
      now: () => NOW,
      decodeBytes: createDecodeBytes(),
      enrich: () => ({ device_id: 'd', os_build: 14393, os_ubr: 10, join_type: 'entra-joined', position: 7 }),
    })
    const [row] = enriched.processBatch([good], source).rows
    expect(row).toMatchObject({ device_id: 'd', os_build: 14393, os_ubr: 10, join_type: 'entra-joined' })
    expect(BigInt(row?.revision ?? 0) - BigInt(run([good]).rows[0]?.revision ?? 0)).toBe(7n)
  })
})

describe('times', () => {
  it.each([
    ['1990-01-01T00:00:00Z', 'row'],
    ['1989-12-31T23:59:59.9999999Z', 'time_out_of_range'],
    ['2027-11-25T00:00:00Z', 'row'],
    ['2027-11-25T00:00:00.9999999Z', 'row'],
    ['2027-11-25T00:00:01Z', 'time_out_of_range'],
    ['9999-12-31T23:59:59Z', 'time_out_of_range'],
    ['2026-02-30T00:00:00Z', 'invalid_event'],
  ])('%s: %s', (occurred_at, outcome) => {
    expect(reasonOf({ occurred_at })).toBe(outcome)
  })
})

describe('record ids and computers', () => {
  it('takes 2^64-1 and refuses 2^64', () => {
    expect(reasonOf({ record_id: '18446744073709551615' })).toBe('row')
    expect(reasonOf({ record_id: '18446744073709551616' })).toBe('invalid_event')
    expect(reasonOf({ record_id: '99999999999999999999' })).toBe('invalid_event')
  })

  it.each([
    ['PC-0007.Contoso.Example', 'pc-0007'],
    ['pc-0007', 'pc-0007'],
    ['192.168.7.12', '192.168.7.12'],
    ['fe80::1', 'fe80::1'],
    ['BÜRO.example', 'büro'],
    ['1.2.3', '1'],
  ])('the device of %s is %s', (computer, device) => {
    expect(rowOf({ computer })).toMatchObject({ device, computer: computer.toLowerCase() })
  })

  it('a computer without a name is none', () => {
    expect(reasonOf({ computer: '.contoso.example' })).toBe('no_computer')
  })
})

describe('nameless fields', () => {
  it('get their names only when their number fits one build of Windows', () => {
    const names = (data: Record<string, string>) => Object.keys(rowOf({ data }).data)
    expect(names({ param1: '1', param2: '2', param3: '3' })).toEqual(['Error', 'ErrorMessage', 'AdditionalInformation'])
    expect(names({ param1: '1', param2: '2' })).toEqual(['param1', 'param2'])
    expect(names({ param1: '1', param2: '2', param3: '3', param4: '4' })).toHaveLength(4)
    expect(names({ param1: '1', param2: '2', Other: '3' })).toEqual(['param1', 'param2', 'Other'])
  })

  it('make no other key', () => {
    const of = (data: Record<string, string>) => rowOf({ record_id: null, data })
    const row = of({ param1: '1', param2: '2', param3: '3' })
    expect(row.data).toEqual({ Error: '1', ErrorMessage: '2', AdditionalInformation: '3' })
    expect(row.event_key).not.toBe(of(row.data).event_key)
  })
})
