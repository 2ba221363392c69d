import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MAX_UNPACKED_BYTES } from '../../../../collectors/formats/unpack-message.ts'
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

  it('gives what can be had of it where its gzip is cut off', () => {
    const many = Array.from({ length: 200 }, () => text).join('\n')
    const packed = gzipSync(many)
    const decoded = decode(packed.subarray(0, packed.length - 20))
    expect(eventsOf(decoded).length).toBeGreaterThan(0)
    expect(eventsOf(decoded).length).toBeLessThanOrEqual(200)
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
