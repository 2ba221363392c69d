/** How much an archive may unpack to: the defence against zip bombs, which cost time even where memory stays flat. */

export type ArchiveLimits = {
  /** Unpacked bytes a packed byte may give, once a stream has given `ratioFromBytes`. Deflate can do 1,032. */
  readonly maxRatio: number
  readonly ratioFromBytes: number
  /** Unpacked bytes of everything in one source. */
  readonly maxTotalBytes: number
  readonly maxEntries: number
  /** Archives inside archives: 2 is a gzip in a zip. */
  readonly maxDepth: number
  /** A zip inside an archive is held in memory. */
  readonly maxInnerZipBytes: number
}

/** Event logs pack 10 to 60 times, the most repetitive seen 300 times. */
export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxRatio: 500,
  ratioFromBytes: 64 * 1024 * 1024,
  maxTotalBytes: 1024 ** 4,
  maxEntries: 100_000,
  maxDepth: 2,
  maxInnerZipBytes: 64 * 1024 * 1024,
}

export type Budget = {
  readonly limits: ArchiveLimits
  /** Were more bytes unpacked than all of the source may have? */
  isSpent(): boolean
  start(): Meter
}

/** Measures one packed stream. */
type Meter = {
  addPacked(length: number): void
  /** Counts what goes in. */
  packed(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
  /** Counts what comes out; throws where it is more than may be. */
  unpacked(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

export function createBudget(limits: ArchiveLimits): Budget {
  let total = 0
  return { limits, isSpent: () => total > limits.maxTotalBytes, start }

  function start(): Meter {
    let packedBytes = 0
    let unpackedBytes = 0
    return { addPacked, packed, unpacked }

    function addPacked(length: number): void {
      packedBytes += length
    }

    async function* packed(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of stream) {
        packedBytes += chunk.length
        yield chunk
      }
    }

    async function* unpacked(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of stream) {
        unpackedBytes += chunk.length
        total += chunk.length
        if (total > limits.maxTotalBytes)
          throw new Error(`it unpacks to more than ${limits.maxTotalBytes} bytes in all`)
        if (unpackedBytes > limits.ratioFromBytes && unpackedBytes > packedBytes * limits.maxRatio)
          throw new Error(
            `it unpacks to more than ${limits.maxRatio} times its size, like a zip bomb; extract it first`,
          )
        yield chunk
      }
    }
  }
}
