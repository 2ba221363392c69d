/** Reads everything behind paths that a user gave, in order; `-` is the standard input. Needs no store and no intake. */
import type { FormatContext } from '../formats/format.ts'
import { unwrap } from '../formats/open-archive.ts'
import { type Reading, readSource } from './read-source.ts'
import { STDIN_PATH, walkFiles } from './walk-files.ts'

export type ReadPathsDeps = {
  /** What `-` stands for; without it `-` is skipped as empty. */
  readonly stdin?: AsyncIterable<Uint8Array>
}

/** Never throws because of what it reads: every file gives records or a skip with its reason, and the rest goes on. */
export async function* readPaths(
  paths: readonly string[],
  context: FormatContext,
  deps: ReadPathsDeps = {},
): AsyncGenerator<Reading> {
  for await (const found of walkFiles(paths)) {
    if (found.kind === 'skipped') yield found
    else if (found.path !== STDIN_PATH) yield* readSource(unwrap({ path: found.path }), context)
    else yield* readSource(unwrap({ path: STDIN_PATH, stream: deps.stdin ?? nothing() }), context)
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty stream.
}
