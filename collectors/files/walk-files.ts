/**
 * Finds the files behind paths that a user gave: files as they are, folders with everything below them, in the order of
 * their names. Symbolic links are followed, and no folder or file is read twice, so loops end. Inside folders, hidden
 * names (with a leading dot) and what is neither file nor folder (pipes, devices, sockets) are left out and reported;
 * given directly, they are read.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Stands for the standard input; a file of that name is given as `./-`. */
export const STDIN_PATH = '-'

export type Found =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }

/** Never throws because of what lies on the disk: what cannot be read is a `skipped` with the system's reason. */
export async function* walkFiles(paths: readonly string[]): AsyncGenerator<Found> {
  const seen = new Map<string, string>()
  for (const path of paths) {
    if (path === STDIN_PATH) yield { kind: 'file', path }
    else yield* walk(path, true, seen)
  }
}

async function* walk(path: string, isGiven: boolean, seen: Map<string, string>): AsyncGenerator<Found> {
  let info
  try {
    info = await stat(path, { bigint: true })
  } catch (error) {
    yield skipped(path, unreadable(error))
    return
  }
  // Pipes and devices have no content of their own that could have been read before.
  const identity = `${info.dev}:${info.ino}`
  const first = seen.get(identity)
  if (first !== undefined && (info.isDirectory() || info.isFile())) {
    yield skipped(path, `already read as ${first}`)
    return
  }
  seen.set(identity, path)
  if (info.isDirectory()) yield* walkFolder(path, seen)
  else if (info.isFile() || isGiven) yield { kind: 'file', path }
  else yield skipped(path, 'not a regular file')
}

async function* walkFolder(path: string, seen: Map<string, string>): AsyncGenerator<Found> {
  let names: string[]
  try {
    names = await readdir(path)
  } catch (error) {
    yield skipped(path, unreadable(error))
    return
  }
  for (const name of names.sort()) {
    const inside = join(path, name)
    if (name.startsWith('.')) yield skipped(inside, 'hidden; name it to read it')
    else yield* walk(inside, false, seen)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  EISDIR: 'is a folder',
  EMFILE: 'too many open files',
  EIO: 'the device reports a read error',
}

/** The system's reason in words; the code stands behind it for those who look it up. */
function unreadable(error: unknown): string {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error'
  return `cannot be read: ${REASONS[code] ?? 'the system refused'} (${code})`
}

function skipped(path: string, reason: string): Found {
  return { kind: 'skipped', path, reason }
}
