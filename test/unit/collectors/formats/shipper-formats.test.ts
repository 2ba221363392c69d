/** One event through every shipper's shape: the same content and the same key, save for what a shape does not keep. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { WindowsEvent } from '../../../../schemas/windows-event.ts'
import { eventKey } from '../../../../services/processor/steps/event-key.ts'
import { parseEventTime } from '../../../../services/processor/steps/event-time.ts'
import { sharedPath } from '../../../support/shared-samples.ts'
import { decode, onlyEvent, onlyReject } from './decode.ts'

const path = sharedPath('domain', 'shipper-formats.json')
if (path === undefined) console.log('not run: one event in every shape (../shared/domain is not beside this clone)')

const NAMES = ['AAD-1098', 'AAD-1104', 'SettingSync-6065'] as const
const SHIPPERS = ['event_xml', 'winlogbeat', 'elastic_agent', 'otel', 'fluent_bit', 'vector', 'evtx_dump']
type Shapes = Record<string, unknown>

function shapesOf(name: string): Shapes {
  const all = JSON.parse(readFileSync(path ?? '', 'utf8')) as Record<string, Shapes>
  return all[name] ?? {}
}

const textOf = (shape: unknown): string => (typeof shape === 'string' ? shape : JSON.stringify(shape))

function keyOf(event: WindowsEvent): string {
  const time = parseEventTime(event.occurred_at)
  if (time === undefined) throw new Error(`${event.occurred_at} is no time`)
  return eventKey('contoso', event, time)
}

const unixLines = (text: string | null): string | null =>
  text === null ? null : text.replaceAll('\r\n', '\n').trimEnd()

/** Fields that a shape cannot give, and what it gives instead. */
type Loss = (full: WindowsEvent) => Partial<WindowsEvent>
const named: Loss = () => ({ task: null, opcode: null, keywords: null })
const beats: Loss = (full) => ({
  ...named(full),
  version: null,
  occurred_at: `${full.occurred_at.slice(0, 23)}Z`,
  user: 'AzureAD\\alice',
  data: Object.fromEntries(Object.entries(full.data).map(([name, value]) => [name, unixLines(value) ?? ''])),
  message: unixLines(full.message),
})
const LOSSES: Record<string, Loss> = {
  wevtutil_xml: () => ({ message: null }),
  'wevtutil_renderedxml / WEF RenderedText': () => ({}),
  // Numbers of what has a name, version 0, four digits of the time, carriage returns.
  winlogbeat_8_9: beats,
  elastic_agent_winlog: beats,
  // Numbers of what has a name: this provider's task and keywords have none in one of the events.
  otlp_body_event_data_map: (full) => ({ ...otelNamed(full), user: 'AzureAD\\alice' }),
  otlp_body_event_data_array: (full) => ({ ...otelNamed(full), user: 'AzureAD\\alice' }),
  otlp_raw: () => ({}),
  // All digits below a second, the SID of a user who has a name, and the names of the data fields.
  fluentbit_winevtlog: (full) => ({
    ...seconds(full),
    data: Object.fromEntries(Object.values(full.data).map((value, index) => [`param${index + 1}`, value])),
  }),
  fluentbit_winevtlog_event_data_as_map: (full) => seconds(full),
  // Numbers that are 0.
  vector_windows_event_log: (full) => ({
    user: 'AzureAD\\alice',
    task: full.task === 0 ? null : full.task,
    opcode: full.opcode === 0 ? null : full.opcode,
  }),
  // The seventh digit of the time, and the message, which is not in the log file.
  'evtx_dump_json (omerbenamram)': (full) => ({ message: null, occurred_at: `${full.occurred_at.slice(0, 26)}Z` }),
}

function seconds(full: WindowsEvent): Partial<WindowsEvent> {
  return { occurred_at: `${full.occurred_at.slice(0, 19)}Z`, user_sid: null, user: 'AzureAD\\alice' }
}

function otelNamed(full: WindowsEvent): Partial<WindowsEvent> {
  return full.provider === 'Microsoft-Windows-SettingSync' ? { opcode: null } : named(full)
}

describe.skipIf(path === undefined)('one event in every shape', () => {
  for (const name of NAMES) {
    for (const [shape, loss] of Object.entries(LOSSES)) {
      it(`${name} as ${shape} has the content of its rendered XML but for what the shape does not keep`, () => {
        const shapes = shapesOf(name)
        const full = onlyEvent(textOf(shapes['wevtutil_renderedxml / WEF RenderedText']))
        const read = onlyEvent(textOf(shapes[shape]))
        expect(keyOf(read)).toBe(keyOf(full))
        const { collected_at, shipper, ...content } = read
        const { collected_at: _collected, shipper: _shipper, ...whole } = full
        expect(collected_at).toMatch(/^\d{4}-/)
        expect(SHIPPERS).toContain(shipper)
        expect(content).toEqual({ ...whole, ...loss(full) })
      })
    }
  }

  it('takes the time of collection from the shape, where it has one', () => {
    const shapes = shapesOf('AAD-1098')
    expect(onlyEvent(textOf(shapes['winlogbeat_8_9'])).collected_at).toBe('2024-11-15T15:05:04.123Z')
    expect(onlyEvent(textOf(shapes['otlp_raw'])).collected_at).toBe('2024-11-15T15:02:04.5949840Z')
    expect(onlyEvent(textOf(shapes['fluentbit_winevtlog'])).collected_at).toBe('2024-11-15T15:02:04.8940000Z')
    expect(onlyEvent(textOf(shapes['wevtutil_xml'])).collected_at).toBe('2026-01-01T00:00:00Z')
  })

  it('tells Elastic Agent from Winlogbeat', () => {
    const shapes = shapesOf('AAD-1104')
    expect(onlyEvent(textOf(shapes['winlogbeat_8_9'])).shipper).toBe('winlogbeat')
    expect(onlyEvent(textOf(shapes['elastic_agent_winlog'])).shipper).toBe('elastic_agent')
  })

  it('reads all supported shapes mixed in one stream, pretty-printed or not', () => {
    const lines: string[] = []
    for (const name of NAMES)
      for (const [shape, value] of Object.entries(shapesOf(name)))
        if (shape in LOSSES && typeof value === 'object')
          lines.push(JSON.stringify(value), JSON.stringify(value, null, 2))
    expect(lines).toHaveLength(54)
    expect(decode(lines.join('\n')).every(({ kind }) => kind === 'event')).toBe(true)
  })

  it.each([
    'nxlog_to_json',
    'openwec_json',
    'get_winevent_convertto_json_ps51',
    'azure_monitor_event_table',
    'sentinel_windowsevent_table',
  ])('rejects %s, which is not supported, with the names of what is', (shape) => {
    for (const name of NAMES) {
      const reject = onlyReject(textOf(shapesOf(name)[shape]))
      expect(reject.reason).toBe('unknown_shape')
      expect(reject.detail).toMatch(/event_xml.*winlogbeat.*otel.*evtx_dump/)
    }
  })
})
