import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createFileFollower,
  type FileFollower,
  type FileFollowerDeps,
} from '../../../../collectors/follow-files/follow-files.ts'
import { createIntake } from '../../../../collectors/intake.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { AppError } from '../../../../services/runtime/errors.ts'
import { createLogger } from '../../../../services/runtime/logging.ts'
import type { Batch, Sink } from '../../../../services/transport/transport.ts'
import { createMemorySink, eventXml, winlogbeatLine } from '../../../support/events.ts'

const catalog = loadCatalog()
const log = createLogger({ level: 'silent', service: 'test' })
let folder: string
let positionFile: string
const running: FileFollower[] = []

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'roamwatch-test-'))
  folder = join(root, 'logs')
  positionFile = join(root, 'positions.json')
  mkdirSync(folder)
})
afterEach(async () => {
  for (const follower of running.splice(0)) await follower.stop()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

async function follow(rest: Partial<FileFollowerDeps> = {}, sink?: Sink) {
  const memory = createMemorySink()
  const follower = createFileFollower({
    paths: [folder],
    intake: createIntake({ catalog, tenant: 'ours', keep: 'known', sourceKind: 'file', clock: Date.now }),
    positionFile,
    pollMs: 10,
    log,
    clock: Date.now,
    onFault: (error) => {
      throw error
    },
    ...rest,
  })
  running.push(follower)
  await follower.start(sink ?? memory.sink)
  return { follower, batches: memory.batches }
}

const line = (id: number) => `${winlogbeatLine({ recordId: String(id) })}\n`
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => line(from + at)).join('')
const idsOf = (batches: readonly Batch[]) =>
  batches.flatMap(({ events }) => events.map(({ record_id }) => Number(record_id)))
const lettersOf = (batches: readonly Batch[]) => batches.flatMap(({ deadLetters }) => deadLetters)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 })
/** Resolves when all of the folder has been looked at twice more: whatever was there was seen. */
async function looks(follower: FileFollower, count = 3): Promise<void> {
  for (let done = 0; done < count; done++) {
    const before = follower.health().looked_at
    await until(() => expect(follower.health().looked_at).not.toBe(before))
  }
}

describe('a file that grows', () => {
  test('is read from its beginning and then as lines are added, each once', async () => {
    const path = join(folder, 'a.ndjson')
    writeFileSync(path, lines(1, 3))
    const { batches, follower } = await follow()
    await until(() => expect(idsOf(batches)).toEqual([1, 2, 3]))
    appendFileSync(path, lines(4, 5))
    await until(() => expect(idsOf(batches)).toEqual(range(1, 5)))
    await looks(follower)
    expect(idsOf(batches)).toEqual(range(1, 5))
    expect(follower.health()).toMatchObject({ files: 1, lag_bytes: 0, skipped: [] })
  })

  test.for([
    ['JSON lines', line(1), line(2)],
    ['JSON over several lines', pretty(1), pretty(2)],
    ['event XML', xml(1), xml(2)],
    ['event XML within an element', `<?xml version="1.0"?><Events>${xml(1)}`, xml(2)],
    ['a list', `[${line(1)}`, `,${line(2)}`],
  ] as const)(
    '%s: a record that is written in pieces is taken when it is whole, wherever it was cut',
    async ([, first, second]) => {
      const path = join(folder, 'a')
      writeFileSync(path, first)
      const { batches, follower } = await follow()
      await until(() => expect(idsOf(batches)).toEqual([1]))
      const pieces = [1, 7, Math.floor(second.length / 2), second.length - 3]
      let from = 0
      for (const to of pieces) {
        appendFileSync(path, second.slice(from, to))
        from = to
        await looks(follower, 2)
        expect(idsOf(batches)).toEqual([1])
        expect(lettersOf(batches)).toEqual([])
      }
      appendFileSync(path, second.slice(from))
      await until(() => expect(idsOf(batches)).toEqual([1, 2]))
      expect(lettersOf(batches)).toEqual([])
    },
  )

  test('keeps characters of several bytes whole that were cut in two', async () => {
    const path = join(folder, 'a')
    const text = Buffer.from(`${winlogbeatLine({ recordId: '1', message: 'Größe \u{1f600} überschritten' })}\n`)
    const cut = text.indexOf(0xf0) + 2
    writeFileSync(path, text.subarray(0, cut))
    const { batches, follower } = await follow()
    await looks(follower)
    appendFileSync(path, text.subarray(cut))
    await until(() => expect(batches[0]?.events[0]?.message).toBe('Größe \u{1f600} überschritten'))
  })

  test('passes what is broken on as a dead letter with its place, and goes on', async () => {
    const path = join(folder, 'a')
    writeFileSync(path, `${line(1)}{"broken": \n${line(2)}nonsense\n${line(3)}`)
    const { batches } = await follow()
    await until(() => expect(idsOf(batches)).toEqual([1, 2, 3]))
    const at = line(1).length
    expect(lettersOf(batches).map(({ origin }) => origin)).toEqual([
      `${path}@${at}`,
      `${path}@${at + '{"broken": \n'.length + line(2).length}`,
    ])
  })

  test('gives an unfinished record up when nothing came for long, and takes it when it comes after all', async () => {
    const path = join(folder, 'a')
    const half = line(2).slice(0, 50)
    writeFileSync(path, line(1) + half)
    const { batches, follower } = await follow({ giveUpMs: 3_600_000 })
    await until(() => expect(idsOf(batches)).toEqual([1]))
    await looks(follower)
    expect([lettersOf(batches), follower.health().lag_bytes]).toEqual([[], 50])
    const old = new Date(Date.now() - 7_200_000)
    utimesSync(path, old, old)
    await until(() => expect(lettersOf(batches)).toHaveLength(1))
    await looks(follower)
    expect(lettersOf(batches)).toHaveLength(1)
    expect(follower.health().lag_bytes).toBe(0)
    appendFileSync(path, line(2).slice(50))
    await until(() => expect(idsOf(batches)).toEqual([1, 2]))
  })
})

describe('rotation', () => {
  test('reads the rest of a file that was renamed, and the new one under its name, each event once', async () => {
    const path = join(folder, 'a.log')
    writeFileSync(path, lines(1, 2))
    const { batches, follower } = await follow()
    await until(() => expect(idsOf(batches)).toEqual([1, 2]))
    appendFileSync(path, line(3))
    renameSync(path, `${path}.1`)
    writeFileSync(path, line(4))
    appendFileSync(`${path}.1`, line(5))
    await until(() => expect(idsOf(batches).sort()).toEqual([1, 2, 3, 4, 5]))
    await looks(follower)
    expect(idsOf(batches)).toHaveLength(5)
  })

  test('reads what was added just before a file was deleted or moved away, an unfinished end included', async () => {
    const path = join(folder, 'a.log')
    writeFileSync(path, line(1))
    const { batches, follower } = await follow()
    await until(() => expect(idsOf(batches)).toEqual([1]))
    await looks(follower)
    appendFileSync(path, `${line(2)}{"half":`)
    rmSync(path)
    await until(() => expect(idsOf(batches)).toEqual([1, 2]))
    await until(() => expect(lettersOf(batches).map(({ reason }) => reason)).toEqual(['truncated']))
  })

  test('begins anew where a file was copied and cut off, also when it is longer again by the next look', async () => {
    const path = join(folder, 'a.log')
    writeFileSync(path, lines(1, 2))
    const { batches, follower } = await follow({ paths: [path] })
    await until(() => expect(idsOf(batches)).toEqual([1, 2]))
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
    appendFileSync(path, lines(11, 15))
    await until(() => expect(idsOf(batches)).toEqual([1, 2, ...range(11, 15)]))
    truncateSync(path)
    await looks(follower)
    appendFileSync(path, line(20))
    await until(() => expect(idsOf(batches)).toEqual([1, 2, ...range(11, 15), 20]))
  })
})

describe('what is read as a whole', () => {
  test.for([
    ['gzip', () => gzipSync(lines(1, 3))],
    ['UTF-16', () => Buffer.from(`\ufeff${lines(1, 3)}`, 'utf16le')],
  ] as const)('%s is read once, and again when it has changed', async ([, bytes]) => {
    const path = join(folder, 'a')
    writeFileSync(path, bytes())
    const { batches, follower } = await follow()
    await until(() => expect(idsOf(batches)).toEqual([1, 2, 3]))
    await looks(follower)
    expect(idsOf(batches)).toEqual([1, 2, 3])
    writeFileSync(path, gzipSync(lines(1, 4)))
    await until(() => expect(idsOf(batches)).toEqual([1, 2, 3, 1, 2, 3, 4]))
  })

  test('what is of no known format is left alone and named, until it is', async () => {
    const path = join(folder, 'a.txt')
    writeFileSync(path, 'nothing to see\n')
    const { batches, follower } = await follow()
    await until(() => expect(follower.health().skipped).toEqual([{ path, reason: 'no known format' }]))
    writeFileSync(path, line(1))
    await until(() => expect(idsOf(batches)).toEqual([1]))
    await until(() => expect(follower.health().skipped).toEqual([]))
  })
})

describe('positions', () => {
  test('a restart goes on where it stopped, with files that changed, came and went meanwhile', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')]
    writeFileSync(a, lines(1, 2))
    writeFileSync(b, gzipSync(line(3)))
    const first = await follow()
    await until(() => expect(idsOf(first.batches).sort()).toEqual([1, 2, 3]))
    await looks(first.follower)
    await first.follower.stop()
    appendFileSync(a, line(4))
    renameSync(a, `${a}.1`)
    writeFileSync(a, line(5))
    const second = await follow()
    await until(() => expect(idsOf(second.batches).sort()).toEqual([4, 5]))
    await looks(second.follower)
    expect(idsOf(second.batches)).toHaveLength(2)
  })

  test('a position does not move while the sink refuses, and everything comes again after a restart', async () => {
    const path = join(folder, 'a')
    writeFileSync(path, lines(1, 3))
    let sent = 0
    const refusing: Sink = {
      send() {
        sent++
        return Promise.reject(new AppError('BROKER_UNAVAILABLE', 'not now', { retryable: true }))
      },
    }
    const first = await follow({}, refusing)
    await until(() => expect(sent).toBeGreaterThan(1))
    await first.follower.stop()
    expect(JSON.parse(readFileSync(positionFile, 'utf8'))).toMatchObject({ files: [] })
    const { batches } = await follow()
    await until(() => expect(idsOf(batches)).toEqual([1, 2, 3]))
  })

  test('a dead letter that is read again is the same sighting', async () => {
    writeFileSync(join(folder, 'a'), `${line(1)}nonsense\n`)
    const first = await follow()
    await until(() => expect(lettersOf(first.batches)).toHaveLength(1))
    await first.follower.stop()
    rmSync(positionFile)
    const second = await follow()
    await until(() => expect(lettersOf(second.batches)).toHaveLength(1))
    const sightings = [...first.batches, ...second.batches].flatMap(({ batchId, deadLetters }) =>
      deadLetters.map(({ dead_letter_key, origin }) => [batchId, dead_letter_key, origin]),
    )
    expect(sightings[0]).toEqual(sightings[1])
  })

  test('damaged positions are put aside, and everything is read again', async () => {
    writeFileSync(join(folder, 'a'), line(1))
    writeFileSync(positionFile, '{"version":1,"files":[{"path":')
    const { batches } = await follow()
    await until(() => expect(idsOf(batches)).toEqual([1]))
    expect(readFileSync(`${positionFile}.damaged`, 'utf8')).toContain('"path":')
  })

  test('positions that cannot be written are refused at start, with the path', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(follow({ positionFile: join(folder, 'file', 'positions.json') })).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('positions.json') as string,
    })
  })

  test('a sink that fails for good ends the following with its error', async () => {
    writeFileSync(join(folder, 'a'), line(1))
    const faults: unknown[] = []
    const error = new AppError('BROKER_REFUSED', 'no')
    await follow({ onFault: (fault) => faults.push(fault) }, { send: () => Promise.reject(error) })
    await until(() => expect(faults).toEqual([error]))
  })

  test('its own positions are never read as events', async () => {
    const own = join(folder, 'positions.json')
    writeFileSync(join(folder, 'a'), line(1))
    const { batches, follower } = await follow({ positionFile: own })
    await until(() => expect(idsOf(batches)).toEqual([1]))
    await looks(follower)
    expect(lettersOf(batches)).toEqual([])
  })
})

function pretty(id: number): string {
  return `${JSON.stringify(JSON.parse(line(id)), undefined, 2)}\n`
}

function xml(id: number): string {
  return `${eventXml({ recordId: String(id) }).replaceAll('><', '>\n  <')}\n`
}
