/**
 * The stretch of a stream that a splitter looks at: bytes not yet consumed, and what comes next. Grows only while one
 * record is incomplete; then new bytes are joined when they are as many as were there, so that a record of n bytes
 * costs about 2n bytes of copying and looking, not n squared, however small the pieces are that it comes in.
 */
export type RecordWindow = {
  /** Bytes not yet consumed; `bytes[0]` stands at `offset` of the stream. Never written to again: views stay valid. */
  bytes: Buffer
  offset: number
  /** Adds a piece; true when it is worth looking (again). */
  push(chunk: Buffer): boolean
  /** Joins whatever was pushed and not yet joined. */
  join(): void
  /** Drops the first `length` bytes. */
  consume(length: number): void
}

export function createRecordWindow(): RecordWindow {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  const window: RecordWindow = {
    bytes: Buffer.alloc(0),
    offset: 0,
    push(chunk) {
      if (chunk.length === 0) return false
      waiting.push(chunk)
      waitingBytes += chunk.length
      if (waitingBytes < window.bytes.length) return false
      window.join()
      return true
    },
    join() {
      const [only] = waiting
      if (only === undefined) return
      window.bytes =
        window.bytes.length === 0 && waiting.length === 1 ? only : Buffer.concat([window.bytes, ...waiting])
      waiting = []
      waitingBytes = 0
    },
    consume(length) {
      window.bytes = window.bytes.subarray(length)
      window.offset += length
    },
  }
  return window
}
