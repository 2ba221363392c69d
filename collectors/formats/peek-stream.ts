/** Looks at the first bytes of a stream without taking them from whoever reads it. */

export type PeekedStream = {
  /** The first `HEAD_BYTES` or all there are. */
  readonly head: Uint8Array
  /** The whole stream, head included; once. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Lets go of the stream, read to its end or not. Safe to call twice. */
  close(): Promise<void>
}

/** Enough for every archive's magic number (tar has it latest, at 257). */
const HEAD_BYTES = 512

/** An error before there was a head is thrown; later ones come where the stream is read. */
export async function peek(stream: AsyncIterable<Uint8Array>): Promise<PeekedStream> {
  const reader = stream[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let length = 0
  let failure: { readonly error: unknown } | undefined
  try {
    while (length < HEAD_BYTES) {
      const next: IteratorResult<Uint8Array, unknown> = await reader.next()
      if (next.done === true) break
      first.push(next.value)
      length += next.value.length
    }
  } catch (error) {
    if (length === 0) throw error
    failure = { error }
  }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* first
    if (failure !== undefined) throw failure.error
    for (;;) {
      const next: IteratorResult<Uint8Array, unknown> = await reader.next()
      if (next.done === true) return
      yield next.value
    }
  }
  return {
    head: Buffer.concat(first).subarray(0, HEAD_BYTES),
    bytes: bytes(),
    close: async () => {
      await reader.return?.()
    },
  }
}
