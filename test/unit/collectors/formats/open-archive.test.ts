import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_ARCHIVE_LIMITS } from '../../../../collectors/formats/archive-budget.ts'
import { type ArchiveSource, unwrap } from '../../../../collectors/formats/open-archive.ts'

type Options = { readonly flags?: number; readonly method?: number; readonly declaredSize?: number }
type Item = readonly [name: string, content: Buffer, options?: Options]

/** A zip with one file for each item, as the specification has it (APPNOTE.TXT 6.3). */
function zip(...items: readonly Item[]): Buffer {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, content, { flags = 0x800, method = 8, declaredSize = content.length } = {}] of items) {
    const packed = method === 8 ? deflateRawSync(content) : content
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(flags, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(declaredSize, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name), packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    central.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\0'), common, tail, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 'latin1')
  end.writeUInt16LE(items.length, 8)
  end.writeUInt16LE(items.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

/** What unwrapping gives: contents as text, problems as they are. */
async function read(source: ArchiveSource, limits = DEFAULT_ARCHIVE_LIMITS): Promise<[string, string][]> {
  const found: [string, string][] = []
  for await (const item of unwrap(source, limits)) {
    if ('problem' in item) found.push([item.path, `problem: ${item.problem}`])
    else {
      const parts: Uint8Array[] = []
      for await (const part of item.bytes) parts.push(Buffer.from(part))
      found.push([item.path, Buffer.concat(parts).toString()])
    }
  }
  return found
}

const text = Buffer.from('hello')
const buffer = (bytes: Uint8Array): ArchiveSource => ({ path: 'a', bytes })
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'roamwatch-archive-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true })
})

describe('opening archives', () => {
  const cases: [string, Buffer, [string, string][]][] = [
    ['no archive', text, [['a', 'hello']]],
    ['nothing', Buffer.alloc(0), [['a', '']]],
    ['gzip', gzipSync(text), [['a', 'hello']]],
    ['gzip of several members', Buffer.concat([gzipSync('he'), gzipSync('l'), gzipSync('lo')]), [['a', 'hello']]],
    ['an empty gzip', gzipSync(''), [['a', '']]],
    ['Zstandard', zstdCompressSync(text), [['a', 'hello']]],
    [
      'zip',
      zip(['x/1.txt', text], ['x/', Buffer.alloc(0)], ['2', Buffer.from('b'), { method: 0 }]),
      [
        ['a!x/1.txt', 'hello'],
        ['a!2', 'b'],
      ],
    ],
    ['an empty zip', zip(), []],
    [
      'gzip in zip',
      zip(['1.gz', gzipSync(text)], ['2', text]),
      [
        ['a!1.gz', 'hello'],
        ['a!2', 'hello'],
      ],
    ],
    ['zip in zip', zip(['i.zip', zip(['1', text])]), [['a!i.zip!1', 'hello']]],
    ['zip in gzip', gzipSync(zip(['1', text])), [['a!1', 'hello']]],
    ['names with backslashes', zip(['x\\1', text]), [['a!x/1', 'hello']]],
    [
      'names that lead out',
      zip(['../../etc/passwd', text], ['/abs', text], ['C:\\w', text]),
      [
        ['a!../../etc/passwd', 'hello'],
        ['a!/abs', 'hello'],
        ['a!C:/w', 'hello'],
      ],
    ],
    ['names with control characters', zip(['x\u001b[2J', text]), [['a!x\ufffd[2J', 'hello']]],
  ]
  it.each(cases)('reads %s, from a file and from bytes', async (name, bytes, expected) => {
    expect(await read(buffer(bytes))).toEqual(expected)
    const path = join(directory, name.replaceAll(/\W/g, '-'))
    await writeFile(path, bytes)
    expect(await read({ path })).toEqual(expected.map(([label, content]) => [label.replace(/^a/, path), content]))
  })

  it('says what it does not open', async () => {
    const tar = Buffer.alloc(1024)
    tar.write('ustar', 257)
    expect(await read(buffer(gzipSync(tar)))).toEqual([['a', 'problem: tar archives are not opened; extract it first']])
    const cabinet = Buffer.from('MSCF\0\0\0\0')
    expect((await read(buffer(cabinet)))[0]?.[1]).toMatch(/cabinet/)
    const deep = zip(['1', gzipSync(gzipSync(text))], ['2', text])
    expect(await read(buffer(deep))).toEqual([
      ['a!1', expect.stringMatching(/2 deep/) as string],
      ['a!2', 'hello'],
    ])
  })

  it('reads around an entry that is encrypted or packed in an unknown way', async () => {
    const bytes = zip(['e', text, { flags: 0x801 }], ['m', text, { method: 9 }], ['ok', text])
    expect(await read(buffer(bytes))).toEqual([
      ['a!e', 'problem: it is encrypted; extract it first'],
      ['a!m', 'problem: compression method 9 is not known; extract it first'],
      ['a!ok', 'hello'],
    ])
  })

  it('gives what a truncated gzip holds, then says that it is truncated', async () => {
    const long = Buffer.from(Array.from({ length: 50_000 }, (_, index) => `line ${index}\n`).join(''))
    for (const packed of [gzipSync(long), zstdCompressSync(long)]) {
      const [content, problem, ...more] = await read(buffer(packed.subarray(0, packed.length >> 1)))
      expect(more).toEqual([])
      expect(long.toString().startsWith(content?.[1] ?? '-')).toBe(true)
      expect(problem?.[1]).toMatch(/truncated/)
    }
    const [content] = await read(buffer(gzipSync(long).subarray(0, 60_000)))
    expect(content?.[1].length).toBeGreaterThan(10_000)
  })

  it('says of damaged archives what is wrong and does not fail', async () => {
    const whole = zip(['1', text], ['2', text])
    expect((await read(buffer(whole.subarray(0, 60))))[0]?.[1]).toMatch(/^problem: .*[Ee]nd of central directory/)
    const damaged = Buffer.from(gzipSync(Buffer.alloc(100_000, 'xyz')))
    damaged.fill(0xff, 20, 30)
    expect((await read(buffer(damaged))).at(-1)?.[1]).toMatch(/^problem: /)
    for (let length = 0; length < whole.length; length++) await read(buffer(whole.subarray(0, length)))
  })

  it('says of a file that is missing or a folder what is wrong', async () => {
    expect(await read({ path: join(directory, 'none') })).toEqual([
      [join(directory, 'none'), 'problem: there is no such file'],
    ])
    expect(await read({ path: directory })).toEqual([[directory, 'problem: it is a folder']])
  })

  it('stops a zip bomb by its ratio, and reads the other entries', async () => {
    const limits = { ...DEFAULT_ARCHIVE_LIMITS, ratioFromBytes: 1024 * 1024 }
    const bomb = Buffer.alloc(64 * 1024 * 1024)
    for (const bytes of [gzipSync(bomb), zip(['b', bomb]), zip(['b.gz', gzipSync(bomb)])]) {
      const found = await read(buffer(bytes), limits)
      expect(found[1]?.[1]).toMatch(/zip bomb/)
      expect(found[0]?.[1].length).toBeLessThan(bomb.length)
    }
    expect((await read(buffer(zip(['b', bomb], ['ok', text])), limits)).at(-1)).toEqual(['a!ok', 'hello'])
  })

  it('stops at the total, at the number of entries, and at a size that lies', async () => {
    const limits = { ...DEFAULT_ARCHIVE_LIMITS, maxTotalBytes: 8, maxEntries: 2 }
    expect((await read(buffer(zip(['1', text], ['2', text], ['3', text])), limits)).map(([, what]) => what)).toEqual([
      'hello',
      'problem: it unpacks to more than 8 bytes in all',
      'problem: more than 8 bytes were unpacked; the rest is not read',
    ])
    const many = await read(buffer(zip(['1', text], ['2', text], ['3', text])), { ...limits, maxTotalBytes: 99 })
    expect(many.at(-1)?.[1]).toMatch(/more than 2 entries/)
    const lying = await read(buffer(zip(['1', Buffer.alloc(5000, 'x'), { declaredSize: 10 }], ['2', text])))
    expect(lying.some(([path, what]) => path === 'a!1' && what.startsWith('problem: '))).toBe(true)
    expect(lying.at(-1)).toEqual(['a!2', 'hello'])
  })

  it('can be left in the middle', async () => {
    const big = Buffer.alloc(8 * 1024 * 1024, 'abc')
    for await (const item of unwrap(buffer(zip(['1', big], ['2', big])))) {
      if ('bytes' in item)
        for await (const part of item.bytes) {
          expect(part.length).toBeGreaterThan(0)
          break
        }
    }
    const unread: string[] = []
    for await (const item of unwrap(buffer(zip(['1', big], ['2', big])))) unread.push(item.path)
    expect(unread).toEqual(['a!1', 'a!2'])
  })
})
