/**
 * How far each followed file has been read, kept on disk. Saved whole and atomically: after a crash the file is either the
 * old or the new one. A damaged one is put aside and reading begins anew, which repeats events but loses and doubles none.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Static, Type } from 'typebox'
import Value from 'typebox/value'
import { AppError } from '../../services/runtime/errors.ts'
import type { Logger } from '../../services/runtime/logging.ts'

const Position = Type.Object({
  path: Type.String({ description: 'Where the file was last seen.' }),
  device: Type.String({ description: 'stat: dev and ino, in decimal. A renamed file keeps them.' }),
  inode: Type.String(),
  head: Type.Object(
    { length: Type.Integer({ minimum: 0, maximum: 1024 }), sha256: Type.String() },
    { description: 'Hash of the first bytes: another file under the same number, or new content, has other ones.' },
  ),
  offset: Type.Integer({ minimum: 0, description: 'Bytes from the start that are safe with the sink.' }),
  reported: Type.Integer({
    minimum: 0,
    description: 'End of an unfinished record behind `offset` that was given up as a dead letter; 0: none.',
  }),
  stamp: Type.String({ description: 'Of a file that is read as a whole: its size and time of change; else empty.' }),
  seen_at: Type.String({ description: 'ISO 8601 UTC; a file that is gone is forgotten a day later.' }),
})
export type Position = Static<typeof Position>

const PositionFile = Type.Object({ version: Type.Literal(1), files: Type.Array(Position) })

export type PositionStore = {
  /** Empty where there is no file yet. Rejects with INPUT_UNREADABLE where it is there and cannot be read. */
  load(): Promise<readonly Position[]>
  /** Resolves when it is on the disk. Calls do not overlap: the caller waits for each. Rejects with INPUT_UNREADABLE. */
  save(files: readonly Position[]): Promise<void>
}

export function createPositionStore(path: string, log: Logger): PositionStore {
  async function load(): Promise<readonly Position[]> {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw unusable('read', cause)
    }
    const parsed = parse(text)
    if (parsed !== undefined) return parsed.files
    await rename(path, `${path}.damaged`)
    log.warn({ path: `${path}.damaged` }, 'the positions are damaged and were put aside: every file is read again')
    return []
  }

  async function save(files: readonly Position[]): Promise<void> {
    const next = `${path}.new`
    try {
      await mkdir(dirname(path), { recursive: true })
      const file = await open(next, 'w', 0o600)
      try {
        await file.writeFile(`${JSON.stringify({ version: 1, files })}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(next, path)
    } catch (cause) {
      await rm(next, { force: true }).catch(() => undefined)
      throw unusable('written', cause)
    }
  }

  function unusable(what: string, cause: unknown): AppError {
    const message = `the file of positions ${path} cannot be ${what}: ${(cause as Error).message}`
    return new AppError('INPUT_UNREADABLE', message, { cause })
  }
  return { load, save }
}

function parse(text: string): Static<typeof PositionFile> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Value.Check(PositionFile, value) ? value : undefined
  } catch {
    return undefined
  }
}
