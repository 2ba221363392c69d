import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { canonicalData, eventKey } from '../../../../services/processor/steps/event-key.ts'
import { parseEventTime } from '../../../../services/processor/steps/event-time.ts'
import { anEvent } from './an-event.ts'

const decision = readFileSync(join(import.meta.dirname, '../../../../docs/decisions/0001-event-key.md'), 'utf8')
const vectors = [...decision.matchAll(/^\| `(\[.+\])` +\| `([0-9a-f]{32})` +\|$/gm)].map(([, text, key]) => ({
  parts: JSON.parse(text ?? '') as string[],
  text: text ?? '',
  key,
}))

function keyOf(tenant: string, of: Parameters<typeof anEvent>[0]): string {
  const event = anEvent(of)
  const time = parseEventTime(event.occurred_at)
  if (time === undefined) throw new Error('no time')
  return eventKey(tenant, event, time)
}

describe('the test vectors of the decision record', () => {
  it('are five, and are what SHA-256 makes of them', () => {
    expect(vectors).toHaveLength(5)
    for (const { text, key } of vectors) {
      expect(createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32)).toBe(key)
    }
  })

  it.each(vectors.filter(({ parts }) => parts[0] === '1'))('$key', ({ parts, key }) => {
    const [, tenant = '', computer = '', channel = '', record_id = '', provider = '', event_id, second] = parts
    const occurred_at = new Date(Number(second) * 1000 + 694).toISOString()
    expect(keyOf(tenant, { computer, channel, record_id, provider, event_id: Number(event_id), occurred_at })).toBe(key)
  })

  it.each(vectors.filter(({ parts }) => parts[0] === '1x'))('$key, without record id', ({ parts, key }) => {
    const [, tenant = '', computer = '', occurred_at = '', data = '', message = ''] = parts
    const fields = Object.fromEntries(JSON.parse(data) as [string, string][])
    const short = occurred_at.replace(/\.?0+Z$/, 'Z')
    for (const lost of [{ record_id: null }, { channel: null }, { provider: null }, { provider: '' }]) {
      const same = { computer, occurred_at: short, data: fields, message: message === '' ? null : message, ...lost }
      expect(keyOf(tenant, same)).toBe(key)
    }
  })
})

describe('the key', () => {
  it('is equal for copies that differ in digits below a second, fields, message, level and shipper', () => {
    const one = keyOf('t', { occurred_at: '2026-11-20T08:15:30.1234567Z', data: { a: '1' }, message: 'x' })
    expect(keyOf('t', { occurred_at: '2026-11-20T08:15:30Z' })).toBe(one)
    expect(keyOf('t', { occurred_at: '2026-11-20T08:15:30.9Z', level: null, shipper: 'otel', keywords: null })).toBe(
      one,
    )
  })

  it('differs when any ingredient differs', () => {
    const variants = [
      keyOf('t', {}),
      keyOf('u', {}),
      keyOf('t', { computer: 'pc-0008' }),
      keyOf('t', { channel: 'Other' }),
      keyOf('t', { record_id: '4712' }),
      keyOf('t', { provider: 'Other' }),
      keyOf('t', { event_id: 1097 }),
      keyOf('t', { occurred_at: '2026-11-20T08:15:31Z' }),
    ]
    expect(new Set(variants).size).toBe(variants.length)
  })

  it('cannot be made equal by moving text from one part into the next', () => {
    expect(keyOf('a', { computer: '","b' })).not.toBe(keyOf('a","', { computer: 'b' }))
    expect(keyOf('t', { channel: 'x","1","y' })).not.toBe(keyOf('t', { channel: 'x', record_id: '1' }))
  })

  it('takes lone surrogates, NUL and quotes as they come', () => {
    const odd = 'a\ud800\u0000"\\\n'
    const parts = ['1', 't', odd, 'c', '1', 'p', '1', '0']
    expect(
      keyOf('t', {
        computer: odd,
        channel: 'c',
        record_id: '1',
        provider: 'p',
        event_id: 1,
        occurred_at: '1970-01-01T00:00:00Z',
      }),
    ).toBe(createHash('sha256').update(JSON.stringify(parts), 'utf8').digest('hex').slice(0, 32))
  })

  it('does not depend on the order of the fields', () => {
    expect(canonicalData({ b: '2', a: '1', 'a#2': '3', B: '4' })).toBe('[["B","4"],["a","1"],["a#2","3"],["b","2"]]')
    expect(keyOf('t', { record_id: null, data: { b: '2', a: '1' } })).toBe(
      keyOf('t', { record_id: null, data: { a: '1', b: '2' } }),
    )
  })

  it('is right for more computers than are remembered', () => {
    const first = keyOf('t', { computer: 'first' })
    for (let index = 0; index < 11_000; index++) keyOf('t', { computer: `pc-${index}` })
    expect(keyOf('t', { computer: 'first' })).toBe(first)
  })
})
