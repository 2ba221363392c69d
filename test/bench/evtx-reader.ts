/** EVTX to events, one thread, beside independent readers on the same bytes. Goal: 60 MB/s. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { evtx } from '../../collectors/formats/evtx/evtx.ts'
import { CHUNK_BYTES, FILE_HEADER_BYTES } from '../../collectors/formats/evtx/layout.ts'
import { fileHeader, writeEvtx } from '../support/evtx-writer/evtx-writer.ts'
import * as value from '../support/evtx-writer/values.ts'
import { eventData, windowsEvent } from '../support/evtx-writer/windows-templates.ts'
import { sharedPath } from '../support/shared-samples.ts'
import { type BenchResult, measureAsync } from './bench.ts'

const MEGABYTE = 1e6
const GOAL = 60
/** Enough for a steady figure; the readers beside it get less, as they are slower or start anew each time. */
const OUR_BYTES = 64 * MEGABYTE
const THEIR_BYTES = 16 * MEGABYTE
const PIECE_BYTES = 1024 * 1024

export async function run(): Promise<BenchResult[]> {
  const source = sourceChunks()
  const bytes = repeated(source.chunks, OUR_BYTES)
  const seconds = await measureAsync(() => readAll(bytes))
  const ours = bytes.length / MEGABYTE / seconds
  return [
    {
      name: `EVTX to WindowsEvent, one thread (${source.name})`,
      value: ours,
      unit: 'MB/s',
      against: peers(repeated(source.chunks, THEIR_BYTES)),
      goal: `>= ${GOAL} MB/s`,
      met: ours >= GOAL,
    },
  ]
}

/** The used chunks of the real security log; where there is none, chunks of our writer with as many fields. */
function sourceChunks(): { name: string; chunks: Buffer } {
  const real = sharedPath('samples', 'evtx', 'security.evtx')
  if (real !== undefined) {
    const bytes = readFileSync(real)
    const used = bytes.indexOf(Buffer.alloc(CHUNK_BYTES))
    const end = FILE_HEADER_BYTES + Math.ceil((used - FILE_HEADER_BYTES) / CHUNK_BYTES) * CHUNK_BYTES
    return { name: 'security.evtx repeated', chunks: bytes.subarray(FILE_HEADER_BYTES, end) }
  }
  const fields = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `Field${index}`,
      index % 2 === 0 ? value.string('NT AUTHORITY') : value.uint32(index),
    ]),
  )
  const records = Array.from({ length: 2000 }, (_, index) => {
    const id = BigInt(index + 1)
    return { id, fragment: windowsEvent(id, eventData('be000001-0000-4000-8000-000000000000', fields)) }
  })
  return { name: 'written chunks repeated', chunks: writeEvtx(records).bytes.subarray(FILE_HEADER_BYTES) }
}

function repeated(chunks: Buffer, size: number): Buffer {
  const times = Math.ceil(size / chunks.length)
  const header = fileHeader((times * chunks.length) / CHUNK_BYTES, 1n)
  return Buffer.concat([header, ...Array.from({ length: times }, () => chunks)])
}

async function readAll(bytes: Buffer): Promise<number> {
  let count = 0
  for await (const batch of evtx.decode(piecesOf(bytes), { receivedAt: '2024-11-16T00:00:00Z' })) count += batch.length
  return count
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}

/** The independent readers that are installed, each on a file of these bytes. */
function peers(bytes: Buffer): { name: string; value: number }[] {
  const folder = mkdtempSync(join(tmpdir(), 'roamwatch-bench-'))
  try {
    const path = join(folder, 'log.evtx')
    writeFileSync(path, bytes)
    const readers: readonly (readonly [string, readonly string[]])[] = [
      ['evtxexport', ['-f', 'xml', path]],
      ['evtx_dump', ['-t', '1', '-o', 'jsonl', path]],
    ]
    return readers.flatMap(([name, args]) => {
      const startedAt = performance.now()
      const { status } = spawnSync(name, args, { stdio: 'ignore' })
      const seconds = (performance.now() - startedAt) / 1000
      return status === 0 ? [{ name, value: bytes.length / MEGABYTE / seconds }] : []
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
