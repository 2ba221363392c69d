import { describe, expect, it } from 'vitest'
import { detectFormat, FORMATS, knownFormatNames } from '../../../../collectors/formats/registry.ts'
import { CONTEXT, decode, decodeInPieces, onlyEvent, onlyReject } from './decode.ts'

const WINLOGBEAT = '{"@timestamp":"2024-01-02T03:04:05Z","winlog":{"computer_name":"A","event_id":1}}'
const nameOf = (head: string | Uint8Array): string | undefined =>
  detectFormat(typeof head === 'string' ? Buffer.from(head) : head)?.name

describe('finding the format by the content', () => {
  it.each([
    [Buffer.from('ElfFile\0'.padEnd(4096, '\0'), 'latin1'), 'evtx'],
    ['<Event xmlns="x">', 'event_xml'],
    ['\ufeff<?xml version="1.0" encoding="utf-16"?>', 'event_xml'],
    [Buffer.from('\ufeff<Events>', 'utf16le'), 'event_xml'],
    [Buffer.from('<Events><Event/>', 'utf16le').swap16(), 'event_xml'],
    [WINLOGBEAT, 'winlogbeat'],
    [`[\n  ${WINLOGBEAT}`, 'winlogbeat'],
    [Buffer.from(WINLOGBEAT, 'utf16le'), 'winlogbeat'],
    [`{"_source":${WINLOGBEAT}}`, 'winlogbeat'],
    ['{"resourceLogs":[', 'otel'],
    ['{"@timestamp":1731682924.894,"ProviderName":"P","EventRecordID":9}', 'fluent_bit'],
    ['{"computer":"a","level_value":2,"provider_name":"P"', 'vector'],
    ['Record 1\n{\n  "Event": {', 'evtx_dump'],
    ['{"computer":"a","occurred_at":"2024-01-02T03:04:05Z"', 'roamwatch'],
    ['{"a":1}', 'json'],
    ['[]', 'json'],
  ])('takes %j for %s', (head, name) => {
    expect(nameOf(head)).toBe(name)
  })

  it.each([
    '',
    ' ',
    'Time,Level,Message',
    'MZ\u0090',
    '\0\0\0\0',
    'Record of the meeting',
    '2024-01-02 error',
    '{'.repeat(0),
  ])('takes %j for nothing it knows', (head) => {
    expect(nameOf(head)).toBeUndefined()
  })

  it.each([
    [`"x"}}\n${WINLOGBEAT}\n`, 'winlogbeat'],
    [`log of pc7\n${WINLOGBEAT}`, 'winlogbeat'],
    [`${'['.repeat(60_000)}\n${WINLOGBEAT}`, 'winlogbeat'],
    [
      `rest"}}\n{"@timestamp":"2024-01-02T03:04:05Z","winlog":{"event_data":{"x":"${'y'.repeat(70_000)}`.slice(
        0,
        65536,
      ),
      'winlogbeat',
    ],
    ['garbage\n{"message":"<Event/>"}\n', 'json'],
    [
      `3</Level></System></Event><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>`,
      'event_xml',
    ],
    ['Exported by wevtutil\n<Event><System><Provider', 'event_xml'],
  ])('finds the first record behind what is none: %.40j', (head, name) => {
    expect(nameOf(head)).toBe(name)
  })

  it.each([
    ['a note', 'Call {Anna} about <Event> tickets\n- {"todo"}\n- [x] done\n'],
    ['CSV', 'Time,Level,Message\n2024-01-02,Error,"{""a"":1}"\n'],
    ['JavaScript', 'const x = 1\nfunction f() {\n  return {"a": 1}\n}\nconst o = {\n  "a": 1,\n}\n'],
    ['JavaScript with an object literal', 'module.exports = [\n  {\n    name: "a",\n  },\n]\n'],
    [
      'a program that has an event in a string',
      `const xml = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"\n`,
    ],
    ['a page that quotes a record', `# Winlogbeat\n\nIt writes:\n\n    so\n${WINLOGBEAT}\nand so on.\n`],
    [
      'a page that quotes an event',
      "# Events\n```xml\n<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\n",
    ],
    ['a script of data', 'var data = [\n{"a":1},\n{"b":2},\n]\n'],
    ['a style sheet', 'body {\n  color: red;\n}\n'],
    [
      'a photo',
      Buffer.concat([
        Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
        Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * at * 31 + at) % 251)),
      ]),
    ],
    ['a program file', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(60_000)])],
  ])('does not take %s for anything it knows', (_, head) => {
    expect(nameOf(head)).toBeUndefined()
  })

  it('never fails, whatever the bytes', () => {
    for (let first = 0; first < 256; first++)
      for (let second = 0; second < 256; second += 5) {
        const head = Buffer.from([first, second, first ^ second, 0x3c, 0x7b])
        for (const format of FORMATS) expect(typeof format.matches(head)).toBe('boolean')
        decode(head)
      }
  })

  it('names what can be read', () => {
    expect(knownFormatNames).toEqual([
      'evtx',
      'event_xml',
      'winlogbeat',
      'otel',
      'fluent_bit',
      'vector',
      'evtx_dump',
      'roamwatch',
      'json',
    ])
  })

  it('reads a stream that was taken for one shape record by record', async () => {
    const format = detectFormat(Buffer.from(WINLOGBEAT))
    const other = '{"body":{"computer":"b","channel":"c","event_id":{"id":2},"system_time":"2024-01-02T03:04:05Z"}}'
    const decoded = await decodeInPieces(format ?? FORMATS[0]!, Buffer.from(`${WINLOGBEAT}\n${other}\n{"x":1}`), 10)
    expect(decoded.map((item) => (item.kind === 'event' ? item.event.shipper : item.kind))).toEqual([
      'winlogbeat',
      'otel',
      'reject',
    ])
  })
})

describe('messages', () => {
  it.each([
    ['', 0],
    ['\n', 0],
    [WINLOGBEAT, 1],
    [`${WINLOGBEAT}\n${WINLOGBEAT}`, 2],
    [`[${WINLOGBEAT},${WINLOGBEAT}]`, 2],
  ])('decodes %j into %i events', (message, count) => {
    expect(decode(message).map(({ kind }) => kind)).toEqual(Array.from({ length: count }, () => 'event'))
  })

  it('rejects an EVTX file, plain text and binary, each with its bytes', () => {
    expect(onlyReject(Buffer.from('ElfFile\0rest', 'latin1'))).toMatchObject({ reason: 'unknown_shape', length: 12 })
    expect(onlyReject('hello')).toMatchObject({ reason: 'not_json', length: 5 })
    expect(onlyReject(Buffer.from([0x80, 0x81, 0x82]))).toMatchObject({ length: 3 })
  })
})

describe('our own events', () => {
  const own = { ...onlyEvent(WINLOGBEAT), shipper: 'evtx', computer: 'a' }

  it('come back as they were, without what a later stage added', () => {
    expect(onlyEvent(JSON.stringify(own))).toEqual(own)
    const classified = { ...own, event_key: 'k', entry: null, candidates: [{ entry: 'e' }] }
    expect(onlyEvent(JSON.stringify(classified))).toEqual(own)
    expect(onlyEvent(JSON.stringify({ ...own, version: undefined })).version).toBeNull()
  })

  it.each([
    ['no_computer', { computer: '' }],
    ['no_event_id', { event_id: undefined }],
    ['invalid_event', { event_id: 70000 }],
    ['invalid_event', { record_id: 9 }],
    ['invalid_event', { occurred_at: '2024-01-02 03:04:05' }],
    ['invalid_event', { data: { a: 1 } }],
    ['invalid_event', { keywords: '0x1' }],
  ])('are refused as %s when they are changed to %j', (reason, change) => {
    expect(onlyReject(JSON.stringify({ ...own, ...change }), CONTEXT)).toMatchObject({ reason, shipper: 'roamwatch' })
  })
})
