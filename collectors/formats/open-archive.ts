/**
 * Opens what a source is packed in: gzip (several members too), Zstandard and zip, one inside the other, told by their
 * first bytes and never by a name. Nothing is written to disk; names of entries are labels only, so a path that leads
 * out of the archive leads nowhere. Memory stays flat: everything is a stream, but for a zip inside another archive,
 * which must be held whole and is limited.
 */
import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type Entry, fromBufferPromise, getFileNameLowLevel, openPromise, type ZipFile } from 'yauzl'
import { createBudget, type ArchiveLimits, type Budget, DEFAULT_ARCHIVE_LIMITS } from './archive-budget.ts'
import { sniffContainer } from './container-magic.ts'
import { peek } from './peek-stream.ts'
import { unpackZstd } from './unpack-zstd.ts'

/** A file, read where it lies, or bytes or a stream (standard input, an HTTP body) under a name to show. */
export type ArchiveSource = {
  readonly path: string
  readonly bytes?: Uint8Array
  readonly stream?: AsyncIterable<Uint8Array>
}

export type Unwrapped =
  /** `bytes` must be read, or left, before the next item is asked for. It ends early where a problem follows. */
  | { readonly path: string; readonly bytes: AsyncIterable<Uint8Array> }
  /** What could not be read, or not to its end, and why, in words for the operator. */
  | { readonly path: string; readonly problem: string }

/**
 * The contents of `source`, in order: itself when it is packed in nothing, else each file inside, as
 * `archive.zip!inner/name`. Never throws because of its input, an unreadable file included.
 */
export async function* unwrap(
  source: ArchiveSource,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
): AsyncGenerator<Unwrapped> {
  const budget = createBudget(limits)
  const { path, bytes, stream } = source
  try {
    if (stream !== undefined) yield* unwrapStream(path, stream, budget, 0)
    else if (bytes !== undefined) yield* unwrapStream(path, Readable.from([bytes]), budget, 0)
    else yield* unwrapFile(path, budget)
  } catch (error) {
    yield { path, problem: wordsOf(error) }
  }
}

/** Larger pieces mean fewer records cut in two. */
const READ_BYTES = 256 * 1024

async function* unwrapFile(path: string, budget: Budget): AsyncGenerator<Unwrapped> {
  const file = await peek(createReadStream(path, { highWaterMark: READ_BYTES }))
  if (sniffContainer(file.head) !== 'zip') {
    yield* unwrapPeeked(path, file, budget, 0)
    return
  }
  await file.close()
  const zip = await openPromise(path, { decodeStrings: false, autoClose: false })
  try {
    yield* unwrapZip(path, zip, budget, 1)
  } finally {
    zip.close()
  }
}

async function* unwrapStream(
  path: string,
  stream: AsyncIterable<Uint8Array>,
  budget: Budget,
  depth: number,
): AsyncGenerator<Unwrapped> {
  yield* unwrapPeeked(path, await peek(stream), budget, depth)
}

type Peeked = Awaited<ReturnType<typeof peek>>

async function* unwrapPeeked(path: string, peeked: Peeked, budget: Budget, depth: number): AsyncGenerator<Unwrapped> {
  const container = sniffContainer(peeked.head)
  try {
    if (container === undefined) yield* readThrough(path, peeked.bytes)
    else if (container === 'gzip' || container === 'zstd' || container === 'zip') {
      if (depth >= budget.limits.maxDepth)
        yield { path, problem: `archives inside archives are opened ${budget.limits.maxDepth} deep; extract it first` }
      else if (container === 'zip') yield* unwrapInnerZip(path, peeked.bytes, budget, depth + 1)
      else yield* unwrapStream(path, decompress(peeked.bytes, container, budget), budget, depth + 1)
    } else yield { path, problem: `${container} archives are not opened; extract it first` }
  } finally {
    await peeked.close()
  }
}

/** Hands the bytes on; an error in them ends them and comes after them as a problem. */
function* readThrough(path: string, bytes: AsyncIterable<Uint8Array>): Generator<Unwrapped> {
  let problem: string | undefined
  async function* withoutError(): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes
    } catch (error) {
      problem = wordsOf(error)
    }
  }
  yield { path, bytes: withoutError() }
  if (problem !== undefined) yield { path, problem }
}

async function* decompress(
  packed: AsyncIterable<Uint8Array>,
  container: 'gzip' | 'zstd',
  budget: Budget,
): AsyncGenerator<Uint8Array> {
  const meter = budget.start()
  const source = meter.packed(packed)
  yield* meter.unpacked(container === 'gzip' ? unpackGzip(source) : unpackZstd(source))
}

function unpackGzip(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const unpack = createGunzip()
  // The error reaches the reader through the last stream.
  pipeline(Readable.from(packed), unpack, () => undefined)
  return unpack
}

async function* unwrapInnerZip(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  budget: Budget,
  depth: number,
): AsyncGenerator<Unwrapped> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of bytes) {
    parts.push(part)
    length += part.length
    if (length > budget.limits.maxInnerZipBytes) {
      yield {
        path,
        problem: `a zip inside an archive may have ${budget.limits.maxInnerZipBytes} bytes; extract it first`,
      }
      return
    }
  }
  yield* unwrapZip(path, await fromBufferPromise(Buffer.concat(parts), { decodeStrings: false }), budget, depth)
}

async function* unwrapZip(path: string, zip: ZipFile, budget: Budget, depth: number): AsyncGenerator<Unwrapped> {
  let entries = 0
  try {
    for await (const entry of zip.eachEntry()) {
      const name = nameOf(entry)
      if (name.endsWith('/')) continue
      if (++entries > budget.limits.maxEntries) {
        yield { path, problem: `it has more than ${budget.limits.maxEntries} entries; the rest is not read` }
        return
      }
      yield* unwrapEntry(`${path}!${name}`, zip, entry, budget, depth)
      if (budget.isSpent()) {
        yield { path, problem: `more than ${budget.limits.maxTotalBytes} bytes were unpacked; the rest is not read` }
        return
      }
    }
  } catch (error) {
    yield { path, problem: wordsOf(error) }
  }
}

async function* unwrapEntry(
  path: string,
  zip: ZipFile,
  entry: Entry,
  budget: Budget,
  depth: number,
): AsyncGenerator<Unwrapped> {
  if (entry.isEncrypted()) {
    yield { path, problem: 'it is encrypted; extract it first' }
    return
  }
  if (!entry.canDecodeFileData()) {
    yield { path, problem: `compression method ${entry.compressionMethod} is not known; extract it first` }
    return
  }
  try {
    const meter = budget.start()
    meter.addPacked(entry.compressedSize)
    yield* unwrapStream(path, meter.unpacked(await zip.openReadStreamPromise(entry)), budget, depth)
  } catch (error) {
    yield { path, problem: wordsOf(error) }
  }
}

/** The entry's name as a label: control characters, which could fool a terminal, are shown as U+FFFD. */
function nameOf(entry: Entry): string {
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false)
  return name.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  if (code === 'Z_BUF_ERROR') return 'it is truncated: the compressed data ends too early'
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'it may not be read: the rights are missing'
  if (code === 'EISDIR') return 'it is a folder'
  return error.message
}
