import { constants, createGzip, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MAX_UNPACKED_BYTES } from '../../../../collectors/formats/unpack-message.ts'
import { MAX_FRAMES } from '../../../../collectors/formats/unpack-zstd.ts'
import { eventXml, winlogbeatLine } from '../../../support/events.ts'
import { zipOf } from '../../../support/zip-file.ts'
import { decode, eventsOf, onlyEvent, onlyReject } from './decode.ts'

const JSON_TEXT = winlogbeatLine({ recordId: '7' })
const XML_TEXT = eventXml({ recordId: '7' })
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

describe.each([
  ['JSON', JSON_TEXT],
  ['event XML', XML_TEXT],
])('a message of %s', (_name, text) => {
  it.each<[string, Buffer]>([
    ['as it is', Buffer.from(text)],
    ['behind a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['behind white space', Buffer.from(`${' \r\n\t'.repeat(5000)}${text}`)],
    ['behind NULs', Buffer.from(`${'\0'.repeat(5001)}${text}`)],
    ['in UTF-16', Buffer.from(text, 'utf16le')],
    ['in UTF-16 with its mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['in UTF-16, high byte first', utf16be(text)],
    ['in UTF-16, high byte first, with its mark', utf16be(`\ufeff${text}`)],
    ['in UTF-16 behind white space', Buffer.from(`\ufeff${' \r\n'.repeat(3000)}${text}`, 'utf16le')],
    ['in gzip', gzipSync(text)],
    ['in two members of gzip', Buffer.concat([gzipSync(text.slice(0, 100)), gzipSync(text.slice(100))])],
    ['in Zstandard', zstdCompressSync(text)],
    ['in gzip in Zstandard', zstdCompressSync(gzipSync(text))],
    ['in UTF-16 in gzip', gzipSync(Buffer.from(`\ufeff${text}`, 'utf16le'))],
  ])('is read %s', (_how, bytes) => {
    expect(onlyEvent(bytes).record_id).toBe('7')
  })

  it('is read behind a line of text, which becomes a reject', () => {
    const decoded = decode(`Exported by a script\n${text}`)
    expect(decoded.map(({ kind }) => kind)).toEqual(['reject', 'event'])
  })

  it.each([gzipSync, zstdCompressSync])('gives what can be had of it where it is cut off, and itself: %o', (pack) => {
    const many = Array.from({ length: 2000 }, (_, at) => text.replace('7', String(at))).join('\n')
    const packed = pack(many)
    const cut = packed.subarray(0, packed.length - 20)
    const decoded = decode(cut)
    expect(eventsOf(decoded).length).toBeGreaterThan(0)
    expect(eventsOf(decoded).length).toBeLessThanOrEqual(2000)
    expect(decoded.at(-1)).toMatchObject({ kind: 'reject', reason: 'truncated', bytes: cut, length: cut.length })
  })
})

describe('a message of gzip that is cut off', () => {
  it('says so where it is cut between records, behind a flush', async () => {
    const gzip = createGzip()
    const ends: number[] = []
    const parts: Buffer[] = []
    gzip.on('data', (part: Buffer) => parts.push(part))
    for (const recordId of ['1', '2', '3']) {
      gzip.write(`${winlogbeatLine({ recordId })}\n`)
      await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, resolve))
      ends.push(Buffer.concat(parts).length)
    }
    const cut = Buffer.concat(parts).subarray(0, ends[1])
    const [first, second, third, ...more] = decode(cut)
    expect(eventsOf([first, second].flatMap((one) => one ?? [])).map(({ record_id }) => record_id)).toEqual(['1', '2'])
    expect(third).toMatchObject({ kind: 'reject', reason: 'truncated', bytes: cut, length: cut.length })
    expect(more).toEqual([])
  })

  it('says so in whatever it is packed, and once', () => {
    const cut = gzipSync(`${JSON_TEXT}\n`).subarray(0, -8)
    for (const message of [zstdCompressSync(cut), gzipSync(cut)]) {
      const decoded = decode(message)
      expect(decoded.map(({ kind }) => kind)).toEqual(['event', 'reject'])
      expect(decoded[1]).toMatchObject({ reason: 'truncated', bytes: message })
    }
  })
})

describe('a message of several frames of Zstandard', () => {
  const line = (recordId: string) => `${winlogbeatLine({ recordId })}\n`
  const frame = (recordId: string) => zstdCompressSync(line(recordId))
  const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  const idsOf = (bytes: Buffer) => eventsOf(decode(bytes)).map(({ record_id }) => record_id)

  it.each<[string, Buffer]>([
    ['two frames', Buffer.concat([frame('1'), frame('2')])],
    [
      'a record over two frames',
      Buffer.concat([zstdCompressSync(`${line('1')}{`), zstdCompressSync(line('2').slice(1))]),
    ],
    ['a skippable frame between', Buffer.concat([frame('1'), skippable, frame('2')])],
    ['a skippable frame first, as pzstd has it', Buffer.concat([skippable, frame('1'), skippable, frame('2')])],
    ['in gzip', gzipSync(Buffer.concat([frame('1'), frame('2')]))],
  ])('is read whole: %s', (_what, bytes) => {
    expect(idsOf(bytes)).toEqual(['1', '2'])
    expect(decode(bytes)).toHaveLength(2)
  })

  it.each<[string, Buffer]>([
    ['something else', Buffer.from('something else')],
    ['zeros', Buffer.alloc(3)],
    ['a frame that is cut off', frame('2').subarray(0, 60)],
    ['a skippable frame that is cut off', skippable.subarray(0, -1)],
  ])('is kept besides its events where what follows is %s', (_what, rest) => {
    const bytes = Buffer.concat([frame('1'), rest])
    const decoded = decode(bytes)
    expect(decoded.map(({ kind }) => kind)).toEqual(['event', 'reject'])
    expect(decoded[1]).toMatchObject({ reason: 'truncated', bytes, length: bytes.length })
  })

  it('may not unpack to more, nor have more frames, than memory and time allow', () => {
    const half = zstdCompressSync(Buffer.alloc(MAX_UNPACKED_BYTES / 2, ' '))
    expect(onlyReject(Buffer.concat([half, half, frame('1')]))).toMatchObject({ reason: 'too_large' })
    const empty = zstdCompressSync('')
    const frames = Array.from({ length: MAX_FRAMES + 1 }, () => empty)
    expect(onlyReject(Buffer.concat(frames))).toMatchObject({ reason: 'too_large' })
  })
})

describe('a message that cannot be read', () => {
  const cutZstd = zstdCompressSync(JSON_TEXT).subarray(0, 60)
  const broken = Buffer.from(gzipSync(JSON_TEXT))
  broken.fill(0xff, 20, 60)

  it.each<[string, Buffer, string, RegExp]>([
    ['Zstandard that is cut off', cutZstd, 'truncated', /not whole zstd/],
    ['gzip that is damaged', broken, 'truncated', /not whole gzip/],
    [
      'a zip archive',
      zipOf([{ name: 'a.json', content: Buffer.from(JSON_TEXT) }]),
      'unknown_shape',
      /a zip archive is no/,
    ],
    [
      'an archive of three layers',
      gzipSync(gzipSync(gzipSync(JSON_TEXT))),
      'unknown_shape',
      /packed more than 2 times/,
    ],
    ['an EVTX file', Buffer.from('ElfFile\0'.padEnd(4096, '\0'), 'latin1'), 'unknown_shape', /EVTX/],
    ['an EVTX file in gzip', gzipSync(Buffer.from('ElfFile\0'.padEnd(4096, '\0'), 'latin1')), 'unknown_shape', /EVTX/],
    ['neither', Buffer.from('hello'), 'not_json', /opening brace/],
  ])('is kept whole, with the reason: %s', (_name, bytes, reason, detail) => {
    const reject = onlyReject(bytes)
    expect(reject).toMatchObject({ reason, length: bytes.length })
    expect(reject.detail).toMatch(detail)
    expect(Buffer.from(reject.bytes)).toEqual(bytes)
  })

  it('is not unpacked to more than memory should hold', () => {
    const bomb = gzipSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1))
    expect(onlyReject(bomb)).toMatchObject({ reason: 'too_large', length: bomb.length })
    expect(onlyReject(zstdCompressSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1)))).toMatchObject({ reason: 'too_large' })
  })

  it.each([Buffer.alloc(0), Buffer.from(' \n'), Buffer.alloc(10), gzipSync('')])(
    'gives nothing when it is empty: %j',
    (bytes) => {
      expect(decode(bytes)).toEqual([])
    },
  )
})
