/**
 * Reads what stands between two places of a text file and says how far whole records reach: the last one may not be written
 * to its end yet.
 */
import type { FileHandle } from 'node:fs/promises'
import type { Decoded, Format, FormatContext } from '../formats/format.ts'

export type Stretch = {
  readonly format: Format
  readonly from: number
  /** Where the file ended when it was looked at. */
  readonly to: number
  /** Nothing will be added any more: what is left at the end is a record too, if a broken one. */
  readonly isFinal: boolean
}

/** `decoded` has offsets from the start of the stretch; everything of the file before `position` is in what was yielded. */
export type Piece = { readonly decoded: readonly Decoded[]; readonly position: number }

const READ_BYTES = 256 * 1024
/** How far back the end of a record is looked for; a longer unfinished record is found by its format. */
const TAIL_BYTES = 64 * 1024
const NEWLINE = 0x0a
/** What a record, or what stands between records, may end with. */
const XML_ENDS = [0x3e]
const JSON_ENDS = [NEWLINE, 0x7d, 0x5d]

export async function* readAppended(
  file: FileHandle,
  { format, from, to, isFinal }: Stretch,
  context: FormatContext,
): AsyncGenerator<Piece> {
  const end = isFinal ? to : await lastEnd(file, from, to, format.name === 'event_xml' ? XML_ENDS : JSON_ENDS)
  if (end <= from) return
  // Records are known to be whole when something follows them.
  let held: readonly Decoded[] = []
  for await (const batch of format.decode(bytesOf(file, from, end), context)) {
    const next = batch[0]
    if (held.length > 0 && next !== undefined) yield { decoded: held, position: from + next.offset }
    held = batch
  }
  const last = held.at(-1)
  if (isFinal || last === undefined || !isUnfinished(last, end - from, await hasNewline(file, end))) {
    yield { decoded: held, position: end }
    return
  }
  yield { decoded: held.filter(({ offset }) => offset < last.offset), position: from + last.offset }
}

/** A record that has no end, or that could not be read and may go on in the same line. */
function isUnfinished(last: Decoded, length: number, endsWithNewline: boolean): boolean {
  if (last.kind !== 'reject') return false
  if (last.reason === 'truncated') return true
  return !endsWithNewline && last.offset + last.length >= length
}

async function hasNewline(file: FileHandle, end: number): Promise<boolean> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, end - 1)
  return bytesRead === 1 && buffer[0] === NEWLINE
}

/** One beyond the last byte that may end a record; `from` where the last 64 KiB have none and are all there is. */
async function lastEnd(file: FileHandle, from: number, to: number, ends: readonly number[]): Promise<number> {
  const start = Math.max(from, to - TAIL_BYTES)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(to - start), 0, to - start, start)
  const tail = buffer.subarray(0, bytesRead)
  const last = Math.max(...ends.map((byte) => tail.lastIndexOf(byte)))
  if (last !== -1) return start + last + 1
  return start === from ? from : to
}

async function* bytesOf(file: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to;) {
    const length = Math.min(READ_BYTES, to - at)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at)
    if (bytesRead === 0) return // cut off meanwhile: the next look finds out
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
