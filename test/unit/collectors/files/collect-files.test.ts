import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectFiles, type CollectFilesDeps } from '../../../../collectors/files/collect-files.ts'
import { createIntake } from '../../../../collectors/intake.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import type { Sink } from '../../../../services/transport/transport.ts'
import { createMemorySink, eventXml, winlogbeatLine } from '../../../support/events.ts'
import { sharedPath } from '../../../support/shared-samples.ts'
import { zipOf } from '../../../support/zip-file.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const catalog = loadCatalog()
const intake = createIntake({ catalog, tenant: 'default', keep: 'known', sourceKind: 'file', clock: () => NOW })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roamwatch-files-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, content)
  return path
}
const lines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, at) => `${winlogbeatLine({ recordId: String(from + at) })}\n`).join('')

async function collect(paths: readonly string[], deps: Partial<CollectFilesDeps> = {}) {
  const memory = createMemorySink()
  const summary = await collectFiles(paths, {
    intake,
    sink: memory.sink,
    runId: 'run',
    clock: () => NOW,
    retry: { deadlineMs: 0 },
    ...deps,
  })
  const { received, stored, duplicates, dead_lettered, dropped } = summary
  expect(received).toBe(stored + duplicates + dead_lettered + dropped)
  return { ...memory, summary }
}

describe('collectFiles', () => {
  it('reads files and folders of any format, packed or not, in the order of their names', async () => {
    await put('a/1.json', lines(2))
    await put('a/2.xml', eventXml({ recordId: '102' }) + eventXml({ recordId: '103' }))
    await put('a/b/3.gz', gzipSync(lines(1, 104)))
    await put(
      'c.zip',
      zipOf([
        { name: 'logs/4.xml', content: Buffer.from(eventXml({ recordId: '105' })) },
        { name: '5', content: gzipSync(lines(1, 106)) },
      ]),
    )
    const { summary, events } = await collect([folder])
    expect(events().map(({ record_id }) => record_id)).toEqual(['0', '1', '102', '103', '104', '105', '106'])
    expect(summary).toMatchObject({
      files: 5,
      received: 7,
      stored: 7,
      duplicates: 0,
      skipped: [],
      damaged: [],
      facts: 0,
    })
  })

  it('stores nothing twice when it runs again, or when a file holds an event twice', async () => {
    const path = await put('a.json', lines(3) + lines(3))
    const memory = createMemorySink()
    expect((await collect([path], { sink: memory.sink })).summary).toMatchObject({
      received: 6,
      stored: 3,
      duplicates: 3,
    })
    expect((await collect([path], { sink: memory.sink })).summary).toMatchObject({
      received: 6,
      stored: 0,
      duplicates: 6,
    })
  })

  it('accounts for dropped events by provider and channel and for dead letters by place', async () => {
    const other = winlogbeatLine({ provider: 'Service Control Manager', channel: 'System' })
    const path = await put('mixed.json', `${winlogbeatLine()}\n${other}\n${other}\n{broken}\n`)
    const { summary, deadLetters } = await collect([path])
    expect(summary).toMatchObject({
      received: 4,
      stored: 1,
      dropped: 2,
      dead_lettered: 1,
      dropped_by: [{ rule: 'unknown_provider', provider: 'Service Control Manager', channel: 'System', events: 2 }],
    })
    const offset = Buffer.byteLength(`${winlogbeatLine()}\n${other}\n${other}\n`)
    expect(deadLetters()).toMatchObject([{ reason: 'not_json', origin: `${path}@${offset}`, source_kind: 'file' }])
  })

  it('reads the standard input for -', async () => {
    const stdin = Readable.from([Buffer.from(lines(2)), Buffer.from(lines(1, 2))])
    expect((await collect(['-'], { stdin })).summary).toMatchObject({ files: 1, received: 3 })
    expect((await collect(['-'], { stdin: Readable.from([gzipSync(lines(2))]) })).summary).toMatchObject({
      received: 2,
    })
    expect((await collect(['-'])).summary.skipped).toEqual([{ path: '-', reason: 'empty' }])
  })

  it('skips what it cannot read, says why, and goes on', async () => {
    await put('empty', '')
    await put('notes.txt', 'just some words')
    await put('picture.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]))
    await put('.hidden/x.json', lines(1))
    await put('z.json', lines(1))
    const { summary } = await collect([folder, join(folder, 'no-such-file')])
    expect(summary).toMatchObject({ files: 1, received: 1 })
    const reasons = new Map(summary.skipped.map(({ path, reason }) => [path.slice(folder.length + 1), reason]))
    expect(reasons.get('empty')).toBe('empty')
    expect(reasons.get('notes.txt')).toMatch(/^no known format; these are read: .*evtx.*winlogbeat/)
    expect(reasons.get('picture.png')).toMatch(/^no known format/)
    expect(reasons.get('.hidden')).toMatch(/^hidden/)
    expect(reasons.get('no-such-file')).toBe('cannot be read: no such file or folder (ENOENT)')
  })

  it('reads a hidden file that is named', async () => {
    const path = await put('.hidden.json', lines(1))
    expect((await collect([path])).summary.received).toBe(1)
  })

  it('ends where symbolic links lead in circles, and reads nothing twice', async () => {
    await put('a/1.json', lines(1))
    await symlink(folder, join(folder, 'a', 'up'))
    await symlink(join(folder, 'a', '1.json'), join(folder, 'again.json'))
    await symlink(join(folder, 'self'), join(folder, 'self'))
    const { summary } = await collect([folder, folder])
    expect(summary).toMatchObject({ files: 1, received: 1 })
    expect(
      summary.skipped.map(({ path, reason }) => [path.slice(folder.length), reason.replaceAll(folder, '')]),
    ).toEqual([
      ['/a/up', 'already read as '],
      ['/again.json', 'already read as /a/1.json'],
      ['/self', 'cannot be read: symbolic links lead in a circle (ELOOP)'],
      ['', 'already read as '],
    ])
  })

  it('leaves pipes inside folders alone, which could block for ever', async () => {
    await promisify(execFile)('mkfifo', [join(folder, 'pipe')])
    await put('z.json', lines(1))
    const { summary } = await collect([folder])
    expect(summary.received).toBe(1)
    expect(summary.skipped).toEqual([{ path: join(folder, 'pipe'), reason: 'not a regular file' }])
  })

  it('reports a file without the right to read it, and goes on', async () => {
    const path = await put('secret.json', lines(1))
    await promisify(execFile)('chmod', ['000', path])
    await promisify(execFile)('chmod', ['755', folder])
    const module = new URL('../../../../collectors/files/read-paths.ts', import.meta.url).href
    const script = `import { readPaths } from ${JSON.stringify(module)}
      for await (const reading of readPaths([${JSON.stringify(path)}], { receivedAt: '' })) console.log(JSON.stringify(reading))`
    // The right to everything of the super-user must be given up first.
    const asOther = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      ...asOther,
      cwd: '/',
    })
    expect(JSON.parse(stdout)).toEqual({
      kind: 'skipped',
      path,
      reason: expect.stringMatching(/rights are missing|permission/) as string,
    })
  })

  it.skipIf(process.platform !== 'linux')('reports a read error of the system, and goes on', async () => {
    const { summary } = await collect(['/proc/self/mem', await put('a.json', lines(1))])
    expect(summary).toMatchObject({ files: 1, received: 1 })
    expect(summary.skipped).toMatchObject([{ path: '/proc/self/mem' }])
  })
})

describe('collectFiles on damaged and hostile input', () => {
  it('keeps what stands before the end of a gzip that is cut off, and reports the rest as damage', async () => {
    const records = 5000
    const packed = gzipSync(lines(records))
    const path = await put('cut.gz', packed.subarray(0, packed.length - 2000))
    const { summary } = await collect([path, await put('b.json', lines(1, records))])
    expect(summary.files).toBe(2)
    expect(summary.stored).toBeGreaterThan(1000)
    expect(summary.damaged).toMatchObject([{ path, length: 0, reason: expect.stringContaining('truncated') as string }])
    expect(summary.damaged[0]?.offset).toBeGreaterThan(100_000)
  })

  it('shows entries whose names lead out of a zip, and writes nothing anywhere', async () => {
    const name = '../../outside.json'
    const path = await put('evil.zip', zipOf([{ name, content: Buffer.from(`${winlogbeatLine()}\n{broken}`) }]))
    const { summary, deadLetters } = await collect([path])
    expect(summary.received + summary.skipped.length).toBeGreaterThan(0)
    for (const { origin } of deadLetters()) expect(origin).toContain('evil.zip')
  })

  it('gives up on a zip bomb in bounded memory, and goes on', async () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024, ' '), { level: 9 })
    const path = await put('bomb.gz', bomb)
    const before = process.memoryUsage().rss
    const { summary } = await collect([path, await put('z.json', lines(1))])
    expect(summary.received).toBeGreaterThanOrEqual(1)
    expect(summary.stored).toBe(1)
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024)
  })

  it('refuses one line of 20 MB as a dead letter of 64 KiB, and reads its neighbours', async () => {
    const huge = winlogbeatLine({ message: 'x'.repeat(20 * 1024 * 1024) })
    const path = await put(
      'huge.json',
      `${winlogbeatLine({ recordId: '1' })}\n${huge}\n${winlogbeatLine({ recordId: '2' })}\n`,
    )
    const { summary, deadLetters, events } = await collect([path])
    expect(events().map(({ record_id }) => record_id)).toEqual(['1', '2'])
    expect(summary.dead_lettered).toBe(1)
    expect(deadLetters()).toMatchObject([{ reason: 'too_large', length: Buffer.byteLength(huge) }])
    expect(Buffer.from(deadLetters()[0]!.bytes, 'base64').length).toBe(64 * 1024)
  })

  const whole = `${winlogbeatLine({ recordId: '1' })}\n${winlogbeatLine({ recordId: '2' })}\n`
  const wholeXml = eventXml({ recordId: '1' }) + eventXml({ recordId: '2' })
  it.each([
    ['JSON lines from amid a record', winlogbeatLine().slice(40) + '\n' + whole, 1],
    ['4 KiB of NULs', '\0'.repeat(4096) + whole, 0],
    ['4 KiB of NULs before XML', '\0'.repeat(4096) + wholeXml, 0],
    ['NULs before UTF-16', Buffer.concat([Buffer.alloc(4096), Buffer.from(whole, 'utf16le')]), 0],
    ['a line of plain text', `Exported on Monday\n${whole}`, 1],
    ['100,000 brackets', `${'['.repeat(100_000)}\n${whole}`, 1],
    ['400 KB of white space', ' '.repeat(400_000) + whole, 0],
    ['400 KB of white space before XML', '\n'.repeat(400_000) + wholeXml, 0],
    ['XML from amid an event', eventXml().slice(200) + wholeXml, 1],
    ['text before XML', `Exported on Monday\n${wholeXml}`, 1],
  ])('reads what stands behind %s', async (_, content, letters) => {
    const { summary, events, deadLetters } = await collect([await put('a', content)])
    expect(events().map(({ record_id }) => record_id)).toEqual(['1', '2'])
    expect(deadLetters()).toHaveLength(letters)
    expect(summary).toMatchObject({ files: 1, skipped: [], stored: 2, dead_lettered: letters })
  })

  it('keeps a line of 10 MB', async () => {
    const message = `${'word '.repeat(2_000_000)}end`
    const path = await put('large.json', `${winlogbeatLine({ message })}\n`)
    expect((await collect([path])).events()[0]?.message).toBe(message)
  })

  it('refuses NUL bytes, nonsense and times out of range one by one', async () => {
    const path = await put(
      'bad.json',
      Buffer.concat([
        Buffer.from(`${winlogbeatLine({ recordId: '1' })}\n`),
        Buffer.from('{"a":\0}\n\0\0\0\n'),
        Buffer.from(`${winlogbeatLine({ time: '1601-01-01T00:00:00.000Z' })}\n`),
        Buffer.from(`${winlogbeatLine({ time: '9999-12-31T23:59:59.999Z' })}\n`),
        Buffer.from(`${winlogbeatLine({ computer: '' })}\n`),
        Buffer.from(`${'['.repeat(100_000)}\n`),
        Buffer.from(`${winlogbeatLine({ recordId: '18446744073709551615' })}\n`),
      ]),
    )
    const { summary, deadLetters, events } = await collect([path])
    expect(events().map(({ record_id }) => record_id)).toEqual(['1', '18446744073709551615'])
    expect(summary.dead_lettered).toBe(deadLetters().length)
    const reasons = deadLetters().map(({ reason }) => reason)
    expect(reasons).toEqual(expect.arrayContaining(['not_json', 'time_out_of_range', 'no_computer', 'too_deep']))
    expect(reasons.filter((reason) => reason === 'time_out_of_range')).toHaveLength(2)
  })
})

describe('collectFiles and its sink', () => {
  it('sends batches of the size asked for, named by run and number', async () => {
    const path = await put('a.json', lines(25))
    const { batches } = await collect([path], { maxBatchEvents: 10 })
    expect(batches.map(({ events, batchId }) => [events.length, batchId])).toEqual([
      [10, 'run:0'],
      [10, 'run:1'],
      [5, 'run:2'],
    ])
  })

  it('sends sooner when events are large', async () => {
    const line = (at: number) => winlogbeatLine({ recordId: String(at), message: 'x'.repeat(10_000) })
    const path = await put('a.json', Array.from({ length: 50 }, (_, at) => line(at)).join('\n'))
    const { batches } = await collect([path], { maxBatchBytes: 100_000 })
    expect(batches.length).toBeGreaterThanOrEqual(5)
    expect(Math.max(...batches.map(({ events }) => events.length))).toBeLessThanOrEqual(10)
  })

  it('has no more batches under way than it may', async () => {
    const path = await put('a.json', lines(100))
    let underWay = 0
    let most = 0
    const memory = createMemorySink()
    const sink: Sink = {
      async send(batch) {
        most = Math.max(most, ++underWay)
        await new Promise((resolve) => setTimeout(resolve, 2))
        underWay--
        return memory.sink.send(batch)
      },
    }
    const { summary } = await collect([path], { sink, maxBatchEvents: 5, inFlight: 3 })
    expect(summary.stored).toBe(100)
    expect(most).toBe(3)
  })

  it('sends a batch again, under its own name, while the store is down', async () => {
    const path = await put('a.json', lines(5))
    const ids: string[] = []
    const memory = createMemorySink()
    const sink: Sink = {
      send(batch) {
        ids.push(batch.batchId)
        if (ids.length < 3) return Promise.reject(new AppError('STORE_UNAVAILABLE', 'down', { retryable: true }))
        return memory.sink.send(batch)
      },
    }
    const retry = { deadlineMs: 60_000, sleep: () => Promise.resolve() }
    const { summary } = await collect([path], { sink, retry })
    expect(summary.stored).toBe(5)
    expect(ids).toEqual(['run:0', 'run:0', 'run:0'])
  })

  it.each([
    ['the store stays down', new AppError('STORE_UNAVAILABLE', 'down', { retryable: true })],
    ['the store refuses', new AppError('STORE_REFUSED', 'disk full')],
  ])('rejects when %s, at once and not at the end', async (_, error) => {
    const path = await put('a.json', lines(5000))
    let sends = 0
    const sink: Sink = {
      send() {
        sends++
        return Promise.reject(error)
      },
    }
    await expect(collect([path], { sink, maxBatchEvents: 10 })).rejects.toBe(error)
    expect(sends).toBeLessThan(10)
  })

  it('stops reading when it is interrupted, waits for what is under way, and accounts for it', async () => {
    const path = await put('a.json', lines(20_000))
    const abort = new AbortController()
    let sends = 0
    const memory = createMemorySink()
    const sink: Sink = {
      async send(batch) {
        if (++sends === 2) abort.abort()
        await new Promise((resolve) => setTimeout(resolve, 5))
        return memory.sink.send(batch)
      },
    }
    const retry = { deadlineMs: 60_000, signal: abort.signal }
    const { summary } = await collect([path], { sink, retry, maxBatchEvents: 10 })
    expect(summary).toMatchObject({ interrupted: true, files: 1, stored: memory.events().length })
    expect(summary.stored).toBeGreaterThanOrEqual(20)
    expect(summary.stored).toBeLessThan(20_000)
    expect((await collect([path], { sink: memory.sink })).summary).toMatchObject({
      received: 20_000,
      duplicates: summary.stored,
    })
  })

  it('stops when it is interrupted while a pipe is silent', async () => {
    const abort = new AbortController()
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(lines(500))
      setTimeout(() => {
        abort.abort()
      }, 10)
      await new Promise(() => undefined)
    }
    const retry = { deadlineMs: 60_000, signal: abort.signal }
    const { summary } = await collect(['-'], { stdin: silent(), retry })
    expect(summary.interrupted).toBe(true)
  })

  it('says nothing of an interruption when there was none', async () => {
    const { summary } = await collect([await put('a.json', lines(1))])
    expect(summary).not.toHaveProperty('interrupted')
  })

  it('tells how far it is', async () => {
    const path = await put('a.json', lines(10))
    const seen: unknown[] = []
    await collect([path], { onProgress: (progress) => seen.push(progress) })
    expect(seen.at(-1)).toEqual({ path, files: 1, received: 10 })
  })
})

const samples = sharedPath('samples')
if (samples === undefined) console.log('files: not run on real samples, there is no shared folder beside this clone')
describe.skipIf(samples === undefined)('real samples', () => {
  const all = createIntake({ catalog, tenant: 'default', keep: 'all', sourceKind: 'file', clock: () => NOW })

  it('gives every record that independent readers find, and a report for what is damaged', async () => {
    const { summary, deadLetters, events } = await collect([join(samples ?? '', 'evtx')], { intake: all })
    // 2261 + 636 + 5 + 449 + 301
    expect(summary).toMatchObject({ files: 5, received: 3652, dead_lettered: 1, dropped: 0 })
    // One record's time is overwritten; it is kept as it stands.
    expect(deadLetters()).toMatchObject([{ reason: 'no_time', shipper: 'evtx' }])
    const damagedFiles = new Set(summary.damaged.map(({ path }) => path.split('/').at(-1)))
    expect(JSON.stringify(events())).not.toContain('[removed]')
    expect(damagedFiles).toContain('sample_with_a_bad_chunk_magic.evtx')
  })

  it('removes nothing from real trace lines', async () => {
    const { events } = await collect([join(samples ?? '', 'settingsync-debug.xml')], { intake: all })
    expect(events()).toHaveLength(174)
    expect(JSON.stringify(events())).not.toContain('[removed]')
  })
})

describe('memory', () => {
  it('stays flat over a long stream', async () => {
    const block = Buffer.from(lines(1000))
    const target = 240 * 1024 * 1024
    let most = 0
    let start = 0
    async function* generated(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < target; sent += block.length) {
        yield block
        most = Math.max(most, process.memoryUsage().rss)
        if (sent < target / 2) start = most
        await Promise.resolve()
      }
    }
    const sink: Sink = {
      send: ({ events, deadLetters, dropped }) =>
        Promise.resolve({
          received: events.length + dropped,
          accepted: events.length,
          dead_lettered: deadLetters.length,
          dropped,
          stored: events.length,
          duplicates: 0,
        }),
    }
    const { summary } = await collect(['-'], { sink, stdin: generated() })
    expect(summary.received).toBeGreaterThan(200_000)
    // By the half of it everything that grows once has grown: buffers, heap, two batches under way.
    expect(most - start).toBeLessThan(120 * 1024 * 1024)
    expect(most).toBeLessThan(1024 * 1024 * 1024)
  }, 120_000)
})
