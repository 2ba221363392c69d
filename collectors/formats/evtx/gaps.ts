/**
 * Stretches of the file that are no chunk. Zeros behind the last chunk are room for more chunks; zeros before a chunk, or
 * where the file header counts a chunk, were one.
 */
import type { Damage } from '../format.ts'
import { isAllZero } from './chunk.ts'
import { CHUNK_BYTES } from './layout.ts'

export type Gaps = {
  /** The bytes at `offset` of the file are no chunk. */
  add(offset: number, bytes: Buffer): void
  /** A chunk starts here: returns the damage before it. */
  endAtChunk(): readonly Damage[]
  /** The file ends here: returns the damage before its end. */
  endOfFile(): readonly Damage[]
}

const ZEROS = 'zeros where a chunk should be'

/** `chunkCount`: how many chunks the file header counts. */
export function createGaps(chunkCount: number): Gaps {
  let slots = 0
  let found: Damage[] = []
  /** Zeros that are damage only if more follows, and where they start to be damage in any case. */
  let zeros: Damage | undefined

  const add = (offset: number, bytes: Buffer) => {
    slots += 1
    if (!isAllZero(bytes)) {
      settleZeros()
      const reason = bytes.length < CHUNK_BYTES ? 'bytes that are no chunk' : 'a chunk without the signature of one'
      append(found, { kind: 'damage', offset, length: bytes.length, reason })
      return
    }
    const more: Damage = { kind: 'damage', offset, length: bytes.length, reason: ZEROS }
    zeros = zeros === undefined ? more : { ...zeros, length: zeros.length + more.length }
    if (slots <= chunkCount) settleZeros()
  }
  const settleZeros = () => {
    if (zeros !== undefined) append(found, zeros)
    zeros = undefined
  }
  const takeFound = () => {
    const taken = found
    found = []
    return taken
  }
  const endAtChunk = () => {
    settleZeros()
    slots += 1
    return takeFound()
  }
  return { add, endAtChunk, endOfFile: takeFound }
}

/** Neighbours with the same reason become one. */
function append(damage: Damage[], next: Damage): void {
  const last = damage.at(-1)
  if (last !== undefined && last.reason === next.reason && last.offset + last.length === next.offset) {
    damage[damage.length - 1] = { ...last, length: last.length + next.length }
  } else damage.push(next)
}
