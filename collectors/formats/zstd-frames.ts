/**
 * Finds where the frames of Zstandard data end, without unpacking them (RFC 8878, 3.1): a magic number, a header, blocks that
 * each tell their size, a checksum. Needed because Node's decompressor stops at the end of the first frame, without a word.
 */

/** Code of an error of data that ends within a frame, as zlib's own. */
export const ENDS_EARLY = 'Z_BUF_ERROR'
/** Code of an error of bytes that are no frame, as libzstd's own. */
const NO_FRAME = 'ZSTD_error_prefix_unknown'

const MAGIC = 0xfd2fb528
export const FRAME_MAGIC: Uint8Array = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd)
/** 0x184D2A50 to 0x184D2A5F; what such a frame holds is for others. */
const SKIPPABLE_MAGIC = 0x184d2a50
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const RLE_BLOCK = 1
const RESERVED_BLOCK = 3

/** Numbers that say where the next one stands, low byte first, and their length in bytes. */
const FIELD_BYTES = { magic: 4, skippable: 4, header: 1, block: 3 } as const

export type FrameScanner = {
  /**
   * Goes on from `at` to the next place worth knowing, and returns it: behind a magic number, behind a frame, or the end of
   * `chunk`. Throws an Error with a code where there is no frame, which loses nothing of the ones before.
   */
  scan(chunk: Uint8Array, at: number): number
  /** What is being passed: undefined between frames and until a magic number is whole. */
  within(): 'frame' | 'skippable' | undefined
  /** Throws an Error with a code when the data may not end here. */
  end(): void
}

export function createFrameScanner(): FrameScanner {
  let field: keyof typeof FIELD_BYTES = 'magic'
  let value = 0
  let heldBytes = 0
  /** Bytes to pass before the next field. */
  let passing = 0
  let hasChecksum = false
  let within: 'frame' | 'skippable' | undefined

  function scan(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length) {
      if (passing > 0) {
        const passed = Math.min(passing, chunk.length - at)
        passing -= passed
        at += passed
      } else if (hasMoved(chunk[at++] ?? 0)) return at
      if (passing === 0 && heldBytes === 0 && field === 'magic') {
        within = undefined
        return at
      }
    }
    return at
  }

  /** Is the byte the last of a magic number? */
  function hasMoved(byte: number): boolean {
    value += byte * 2 ** (8 * heldBytes++)
    if (heldBytes < FIELD_BYTES[field]) return false
    const isMagic = field === 'magic'
    const whole = value
    value = 0
    heldBytes = 0
    enter(whole)
    return isMagic
  }

  function enter(whole: number): void {
    if (field === 'magic') enterFrame(whole)
    else if (field === 'skippable') {
      passing = whole
      field = 'magic'
    } else if (field === 'header') enterHeader(whole)
    else enterBlock(whole)
  }

  function enterFrame(magic: number): void {
    const isSkippable = magic - (magic % 16) === SKIPPABLE_MAGIC
    if (magic !== MAGIC && !isSkippable) throw fault(NO_FRAME, 'what follows is no frame of Zstandard')
    field = isSkippable ? 'skippable' : 'header'
    within = isSkippable ? 'skippable' : 'frame'
  }

  function enterHeader(descriptor: number): void {
    const isSingleSegment = (descriptor & 0x20) !== 0
    const sizeFlag = descriptor >> 6
    hasChecksum = (descriptor & 0x04) !== 0
    const dictionaryBytes = DICTIONARY_ID_BYTES[(descriptor & 0x03) as 0 | 1 | 2 | 3]
    const contentSizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag as 0 | 1 | 2 | 3]
    passing = (isSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes
    field = 'block'
  }

  function enterBlock(header: number): void {
    const isLast = (header & 1) !== 0
    const type = (header >> 1) & 3
    if (type === RESERVED_BLOCK) throw fault('ZSTD_error_corruption_detected', 'a block is of no known type')
    passing = (type === RLE_BLOCK ? 1 : header >> 3) + (isLast && hasChecksum ? 4 : 0)
    field = isLast ? 'magic' : 'block'
  }

  return {
    scan,
    within: () => within,
    end() {
      if (within !== undefined || heldBytes > 0) throw fault(ENDS_EARLY, 'unexpected end of file')
    },
  }
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
