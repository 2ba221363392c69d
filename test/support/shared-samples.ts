/** Real, redacted records that lie beside the clone (`../shared`), never in it. Tests on them run where they are. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..', '..', 'shared')

/** Absolute path of a shared file, or undefined where this clone has none beside it. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(root, ...parts)
  return existsSync(path) ? path : undefined
}
