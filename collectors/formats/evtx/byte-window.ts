/** A window on a stream of bytes, whatever pieces these come in: look ahead, then move on. Holds what was looked at, no more. */

export type ByteWindow = {
  /** Offset in the stream of the next byte. */
  offset(): number
  /** The next `count` bytes, fewer only at the end of the stream. Valid until the window moves. */
  peek(count: number): Promise<Buffer>
  /** Moves past `count` bytes that were peeked. */
  advance(count: number): void
  /** Tells the stream that no more of it is wanted. */
  close(): Promise<void>
}

export function createByteWindow(input: AsyncIterable<Uint8Array>, capacity: number): ByteWindow {
  const iterator = input[Symbol.asyncIterator]()
  const room = Buffer.allocUnsafeSlow(capacity)
  let start = 0
  let end = 0
  let offset = 0
  /** The part of the last piece that did not fit yet. */
  let piece: Uint8Array = new Uint8Array(0)
  let isOver = false

  const take = () => {
    const count = Math.min(piece.length, capacity - end)
    room.set(count === piece.length ? piece : piece.subarray(0, count), end)
    end += count
    piece = piece.subarray(count)
  }

  const peek = async (count: number) => {
    if (capacity - start < count) {
      room.copyWithin(0, start, end)
      end -= start
      start = 0
    }
    while (end - start < count) {
      if (piece.length > 0) take()
      else if (isOver) break
      else {
        const next = await iterator.next()
        if (next.done === true) isOver = true
        else piece = next.value
      }
    }
    return room.subarray(start, Math.min(end, start + count))
  }

  const advance = (count: number) => {
    start += count
    offset += count
    if (start >= end) {
      start = 0
      end = 0
    }
  }

  const close = async () => {
    if (!isOver) await iterator.return?.()
  }

  return { offset: () => offset, peek, advance, close }
}
