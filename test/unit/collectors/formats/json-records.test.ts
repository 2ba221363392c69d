import { describe, expect, it } from 'vitest'
import { createAnyJsonFormat } from '../../../../collectors/formats/json-format.ts'
import { createJsonSplitter } from '../../../../collectors/formats/json-records.ts'
import { JSON_SHAPES } from '../../../../collectors/formats/json-shapes.ts'
import { decode, decodeInPieces, onlyEvent, onlyReject } from './decode.ts'

const json = createAnyJsonFormat(JSON_SHAPES)

/** Values of whole records and reasons of broken ones, in order; the same in pieces of every size. */
function split(input: string | Buffer): unknown[] {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  const inPieces = (size: number): unknown[] => {
    const splitter = createJsonSplitter()
    const found = []
    for (let at = 0; at < bytes.length; at += size) found.push(...splitter.push(bytes.subarray(at, at + size)))
    found.push(...splitter.end())
    for (const record of found) {
      if (record.kind !== 'record') continue
      const own = record.bytes()
      expect(bytes.subarray(record.offset, record.offset + own.length).equals(own)).toBe(true)
    }
    return found.map((record) => (record.kind === 'record' ? record.value : record.reason))
  }
  const whole = inPieces(bytes.length + 1)
  for (const size of [1, 2, 3, 5, 8, 13, 64]) expect(inPieces(size)).toEqual(whole)
  return whole
}

describe('splitting JSON into records', () => {
  it.each([
    ['lines', '{"a":1}\n{"a":2}\n'],
    ['no last line break', '{"a":1}\n{"a":2}'],
    ['CRLF and blank lines', '\r\n{"a":1}\r\n\r\n \r\n{"a":2}\r\n'],
    ['a byte order mark', '\ufeff{"a":1}\n{"a":2}'],
    ['concatenated objects', '{"a":1}{"a":2}'],
    ['objects with a space between', '{"a":1} {"a":2}'],
    ['pretty-printed objects', '{\n  "a": 1\n}\n{\n  "a": 2\n}\n'],
    ['a list', '[{"a":1},{"a":2}]'],
    ['a pretty-printed list', '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n'],
    ['a list over lines', '[{"a":1},\n{"a":2}\n]'],
    ['lists in lines', '[{"a":1}]\n[{"a":2}]\n'],
    ['record separators', '\u001e{"a":1}\n\u001e{"a":2}\n'],
    ['NUL padding', '{"a":1}\n\0\0\0\0{"a":2}\n\0\0\0'],
    ['evtx_dump headings', 'Record 1\n{\n  "a": 1\n}\nRecord 2\n{\n  "a": 2\n}\n'],
  ])('reads %s', (_name, text) => {
    expect(split(text)).toEqual([{ a: 1 }, { a: 2 }])
  })

  it.each([
    ['braces, brackets and quotes in strings', '{"a":"}{][\\"\\\\"}\n{"a":"\\\\"}', [{ a: '}{]["\\' }, { a: '\\' }]],
    ['duplicate keys: the last counts', '{"a":1,"a":2}', [{ a: 2 }]],
    ['nothing', '', []],
    ['white space', ' \n\t\r\n', []],
    ['an empty list', '[]', []],
    ['lists of lists', '[[{"a":1}],[{"a":2}]]', [{ a: 1 }, { a: 2 }]],
  ])('reads %s', (_name, text, records) => {
    expect(split(text)).toEqual(records)
  })

  const good = '{"b":1}'
  it.each([
    ['a line cut in a string', '{"a":"xy', 'not_json'],
    ['a line cut after a value', '{"a":{"x":1', 'not_json'],
    ['a line cut after a comma', '{"a":1,', 'not_json'],
    ['a line cut after its brace', '{', 'not_json'],
    ['a line with too much', '{"a":1}}', 'not_json'],
    ['a word', 'hello', 'not_json'],
    ['a number', '12', 'not_json'],
    ['a NUL character inside', '{"a":"\0"}', 'not_json'],
    ['single quotes', "{'a':1}", 'not_json'],
    ['NaN', '{"a":NaN}', 'not_json'],
    ['a line break in a string', '{"a":"x\ny"}', 'not_json'],
  ])('rejects %s and reads the lines around it', (_name, broken, reason) => {
    const records = split(`${good}\n${broken}\n${good}\n`)
    expect(records[0]).toEqual({ b: 1 })
    expect(records.at(-1)).toEqual({ b: 1 })
    const between = records.slice(1, -1).filter((record) => typeof record === 'string')
    expect(between.length).toBeGreaterThan(0)
    expect(new Set(between)).toEqual(new Set([reason]))
  })

  it('rejects one element of a list and reads the others', () => {
    expect(split('[{"a":1},{"a":},{"a":3},4,{"a":5}]')).toEqual([{ a: 1 }, 'not_json', { a: 3 }, 'not_json', { a: 5 }])
  })

  it('calls an object without an end truncated, with its bytes', () => {
    const [, last] = decode('{"a":1}\n{"b":{"c":[1,2')
    expect(last).toMatchObject({ kind: 'reject', reason: 'truncated', offset: 8, length: 14 })
  })

  it('rejects bytes that are not UTF-8 and keeps them', () => {
    const bytes = Buffer.from('{"a":"\u00e4"}', 'latin1')
    expect(split(Buffer.concat([bytes, Buffer.from('\n{"a":1}')]))).toEqual(['not_utf8', { a: 1 }])
    expect(Buffer.from(onlyReject(bytes).bytes).equals(bytes)).toBe(true)
  })

  it('reads a real U+FFFD, and half a surrogate pair as one', () => {
    expect(split('{"a":"\ufffd"}')).toEqual([{ a: '\ufffd' }])
    expect(split('{"\\ud800":"\\udc00x\\ud83d\\ude00\\\\ud800"}')).toEqual([{ '\ufffd': '\ufffdx\u{1f600}\\ud800' }])
  })

  it.each(['utf16le', 'utf16be'])('reads %s with and without a byte order mark', async (encoding) => {
    for (const mark of ['', '\ufeff']) {
      const text = Buffer.from(`${mark}{"a":"ä\u{1f600}"}\r\n{"a":2}`, 'utf16le')
      const bytes = encoding === 'utf16le' ? text : text.swap16()
      const decoded = await decodeInPieces(json, bytes, 3)
      expect(decoded.map((item) => (item.kind === 'reject' ? Buffer.from(item.bytes).toString() : item.kind))).toEqual([
        '{"a":"ä\u{1f600}"}',
        '{"a":2}',
      ])
    }
  })

  it.each([
    ['objects', '{"a":'.repeat(1_000_000) + '1' + '}'.repeat(1_000_000)],
    ['objects without an end', '{"a":'.repeat(1_000_000)],
    ['lists', '['.repeat(1_000_000) + ']'.repeat(1_000_000)],
    ['lists in an object', `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`],
    ['lines that open more and more', '{"a":\n'.repeat(200_000)],
  ])('refuses a million levels of %s, at once', (_name, text) => {
    expect(onlyReject(text).reason).toBe('too_deep')
  })

  it('reads 64 levels and refuses 65', () => {
    const nested = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels)
    expect(split(nested(64))).toHaveLength(1)
    expect(split(nested(64))).not.toEqual(['too_deep'])
    expect(split(nested(65))).toEqual(['too_deep'])
    expect(split(`\n${nested(65)}\n{"a":1}`)).toEqual(['too_deep', { a: 1 }])
  })

  it('reads a line of 10 MB, and a list of 10 MB in one line, in small pieces', async () => {
    const long = `{"unknown":"${'x'.repeat(10_000_000)}"}`
    expect(await decodeInPieces(json, Buffer.from(`${long}\n{"a":1}`), 16_384)).toHaveLength(2)
    const list = `[${Array.from({ length: 200_000 }, () => '{"a":"0123456789012345678901234567890123456789"}').join(',')}]`
    expect(await decodeInPieces(json, Buffer.from(list), 16_384)).toHaveLength(200_000)
  })

  it('keeps the first 64 KiB of a record above 16 MiB, skips the rest of its line and goes on', async () => {
    const large = Buffer.from(`{"a":"${'x'.repeat(17 * 1024 * 1024)}"}`)
    const input = Buffer.concat([Buffer.from('{"a":1}\n'), large, Buffer.from('\n{"a":2}\n')])
    for (const size of [65_536, input.length]) {
      const decoded = await decodeInPieces(json, input, size)
      expect(decoded.map((item) => (item.kind === 'reject' ? item.reason : item.kind))).toEqual([
        'unknown_shape',
        'too_large',
        'unknown_shape',
      ])
      expect(decoded[1]).toMatchObject({ offset: 8, length: large.length })
      expect(decoded[1]?.kind === 'reject' && decoded[1].bytes.length).toBe(65_536)
    }
  })

  it('passes over a gigabyte without a line break in constant memory', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      const piece = Buffer.alloc(1024 * 1024, 'x')
      for (let count = 0; count < 1024; count++) {
        await Promise.resolve()
        yield piece
      }
      yield Buffer.from('\n{"a":1}')
    }
    const before = process.memoryUsage().rss
    const reasons: string[] = []
    for await (const batch of json.decode(endless(), { receivedAt: '2026-01-01T00:00:00Z' }))
      for (const item of batch) if (item.kind === 'reject') reasons.push(`${item.reason} ${item.length}`)
    expect(reasons).toEqual([`too_large ${1024 ** 3}`, 'unknown_shape 7'])
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024)
  })
})

describe('numbers that a double cannot hold', () => {
  const line = (winlog: string): string =>
    `{"@timestamp":"2024-01-02T03:04:05Z","winlog":{"computer_name":"A","event_id":1,${winlog}}}`

  it('keeps every digit of record ids, keywords and data', () => {
    const read = onlyEvent(
      line(
        '"record_id":18446744073709551615,"keywords":9223372036854775809,"event_data":{"a":9007199254740993,"b":-9223372036854775808,"c":0.1234567890123456789,"d":1e400,"e":1.50,"f":7}',
      ),
    )
    expect(read.record_id).toBe('18446744073709551615')
    expect(read.keywords).toBe('0x8000000000000001')
    expect(read.data).toEqual({
      a: '9007199254740993',
      b: '-9223372036854775808',
      c: '0.1234567890123456789',
      d: '1e400',
      e: '1.50',
      f: '7',
    })
  })

  it.each(['18446744073709551616', '-1', '1.5'])('rejects the record id %s', (recordId) => {
    expect(onlyReject(line(`"record_id":${recordId}`)).reason).toBe('invalid_event')
  })
})
