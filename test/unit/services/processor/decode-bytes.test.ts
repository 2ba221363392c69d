import { describe, expect, it } from 'vitest'
import { createDecodeBytes } from '../../../../services/processor/steps/decode-bytes.ts'
import { createDecode } from '../../../../services/processor/steps/decode.ts'
import { anEvent } from './an-event.ts'

const decode = createDecode(createDecodeBytes())
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const reasonOf = (input: Uint8Array) => {
  const done = decode(input)
  return 'kind' in done ? done.reason : 'event'
}

describe('decode', () => {
  it('gives back what was written, with 64-bit numbers, odd names and odd text exact', () => {
    const event = anEvent({
      record_id: '18446744073709551615',
      data: { 'a\nb': 'x\u0000y', 'name#2': '', 日本: '\ud83d\ude00' },
    })
    expect(decode(bytes(event))).toEqual(event)
  })

  it('hands an object of the direct transport on as it is', () => {
    const event = anEvent()
    expect(decode(event)).toBe(event)
  })

  it('throws on bytes when nobody handed in how to read them', () => {
    expect(() => createDecode()(bytes(anEvent()))).toThrow('decodeBytes')
  })

  it('ignores fields of a newer version', () => {
    expect(reasonOf(bytes({ ...anEvent(), added_later: { deep: [1] } }))).toBe('event')
  })

  it.each([
    ['not_utf8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['not_utf8', Buffer.from('﻿{}', 'utf16le')],
    ['not_json', bytes('')],
    ['not_json', bytes('{"computer":"pc')],
    ['not_json', bytes('\u0000\u0000')],
    ['unknown_shape', bytes('null')],
    ['unknown_shape', bytes('[]')],
    ['unknown_shape', bytes('"text"')],
    ['unknown_shape', bytes('17')],
    ['no_computer', bytes({})],
    ['no_computer', bytes({ ...anEvent(), computer: '' })],
    ['no_computer', bytes({ ...anEvent(), computer: null })],
    ['no_event_id', bytes({ ...anEvent(), event_id: null })],
    ['no_time', bytes({ ...anEvent(), occurred_at: undefined })],
    ['invalid_event', bytes({ ...anEvent(), event_id: 65536 })],
    ['invalid_event', bytes({ ...anEvent(), event_id: 1.5 })],
    ['invalid_event', bytes({ ...anEvent(), event_id: '1098' })],
    ['invalid_event', bytes({ ...anEvent(), record_id: 4711 })],
    ['invalid_event', bytes({ ...anEvent(), record_id: '007' })],
    ['invalid_event', bytes({ ...anEvent(), keywords: '0x12' })],
    ['invalid_event', bytes({ ...anEvent(), occurred_at: 'yesterday' })],
    ['invalid_event', bytes({ ...anEvent(), data: null })],
    ['invalid_event', bytes({ ...anEvent(), data: { Error: 5 } })],
    ['invalid_event', bytes({ ...anEvent(), data: { 'a\nb': 5 } })],
    ['invalid_event', bytes({ ...anEvent(), computer: 'x'.repeat(600) })],
    ['too_large', Buffer.alloc(16 * 1024 * 1024 + 1, 0x20)],
  ])('%s', (reason, input) => {
    expect(reasonOf(input)).toBe(reason)
  })

  it('reads 100,000 nested brackets without running out of stack', () => {
    expect(reasonOf(bytes('['.repeat(100_000)))).toBe('not_json')
    expect(reasonOf(bytes('['.repeat(100_000) + ']'.repeat(100_000)))).toBe('unknown_shape')
  })

  it('never quotes the record in the detail, and keeps it in one line', () => {
    const secret = 'eyJhbGciOiJub25lIn0'
    const broken = decode(bytes(`{"token":"${secret}`))
    const wrong = decode(bytes({ ...anEvent(), data: { [`a\r\n${'b'.repeat(500)}`]: 5 } }))
    expect(JSON.stringify(broken)).not.toContain(secret)
    expect('kind' in wrong && wrong.detail).toMatch(/^[^\r\n]{1,200}$/)
  })

  it('does not let a field called __proto__ change other objects', () => {
    const done = decode(bytes('{"__proto__":{"polluted":"yes"},"computer":"pc"}'))
    expect('kind' in done).toBe(true)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
