/** Reads one source, packed or not, whatever lies in it: tells its format by its content and decodes it. */
import type { Decoded, FormatContext } from '../formats/format.ts'
import type { Unwrapped } from '../formats/open-archive.ts'
import { detectFormat, knownFormatNames } from '../formats/registry.ts'
import { withoutPadding } from '../formats/without-padding.ts'

export type Reading =
  /** The content is of a known format; its records follow. */
  | { readonly kind: 'opened'; readonly path: string; readonly format: string }
  | { readonly kind: 'records'; readonly path: string; readonly decoded: readonly Decoded[] }
  /** Nothing of it was read, and why. */
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }

/** What formats want to see to tell themselves apart. */
const HEAD_BYTES = 64 * 1024
/** How far is looked past white space and NUL padding (what a crash leaves) and other beginnings that tell nothing. */
const MAX_HEAD_BYTES = 1024 * 1024

/**
 * `items` is what `unwrap` gives. A problem after records of the same path (cut off, read error) becomes damage at its
 * end, length 0 since nobody knows how much is missing; a problem alone, a skip.
 */
export async function* readSource(items: AsyncIterable<Unwrapped>, context: FormatContext): AsyncGenerator<Reading> {
  let open: { readonly path: string; readonly offset: number } | undefined
  for await (const item of items) {
    if ('problem' in item) {
      const { path, problem } = item
      if (open?.path === path) {
        const damage: Decoded = { kind: 'damage', offset: open.offset, length: 0, reason: problem }
        yield { kind: 'records', path, decoded: [damage] }
      } else yield { kind: 'skipped', path, reason: problem }
      continue
    }
    open = undefined
    const { path } = item
    const counted = createCountedBytes(item.bytes)
    const { head, format } = await detect(counted.head)
    if (format === undefined) {
      yield { kind: 'skipped', path, reason: head.length === 0 ? 'empty' : unknownContent() }
      continue
    }
    yield { kind: 'opened', path, format: format.name }
    for await (const decoded of format.decode(counted.bytes(), context)) yield { kind: 'records', path, decoded }
    open = { path, offset: counted.count() }
  }
}

/** Looks further where the head ends before a record begins; binary content tells itself by its first bytes. */
async function detect(headOf: (length: number) => Promise<Uint8Array>) {
  const head = await headOf(HEAD_BYTES)
  const format = head.length === 0 ? undefined : detectFormat(withoutPadding(head))
  if (format !== undefined || head.length < HEAD_BYTES) return { head, format }
  return { head, format: detectFormat(withoutPadding(await headOf(MAX_HEAD_BYTES))) }
}

export function unknownContent(): string {
  return `no known format; these are read: ${knownFormatNames.join(', ')}, alone or in gzip, zstd or zip`
}

function createCountedBytes(source: AsyncIterable<Uint8Array>) {
  const reader = source[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let count = 0

  async function head(length: number): Promise<Uint8Array> {
    let ahead = first.reduce((sum, chunk) => sum + chunk.length, 0)
    while (ahead < length) {
      const next = await reader.next()
      if (next.done === true) break
      first.push(next.value)
      ahead += next.value.length
    }
    return Buffer.concat(first).subarray(0, length)
  }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = first.shift(); chunk !== undefined; chunk = first.shift()) {
        count += chunk.length
        yield chunk
      }
      for (let next = await reader.next(); next.done !== true; next = await reader.next()) {
        count += next.value.length
        yield next.value
      }
    } finally {
      await reader.return?.()
    }
  }
  return { head, bytes, count: () => count }
}
