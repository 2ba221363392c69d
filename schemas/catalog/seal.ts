/**
 * Seals the catalog after a change: `node schemas/catalog/seal.ts` raises the version and writes the new checksum into
 * version.json. `--same-version` keeps the version: only for changes to a version that was never released.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogChecksum } from './catalog-checksum.ts'
import type { VersionFile } from './catalog-files.ts'

/** What version.json must say now; the same object when nothing changed. */
export function sealed(old: VersionFile, sha256: string, sameVersion: boolean): VersionFile {
  if (old.sha256 === sha256) return old
  return { version: sameVersion ? old.version : old.version + 1, sha256 }
}

if (import.meta.main) {
  const path = join(import.meta.dirname, 'version.json')
  const old = JSON.parse(readFileSync(path, 'utf8')) as VersionFile
  const next = sealed(old, catalogChecksum(), process.argv.includes('--same-version'))
  if (next !== old) writeFileSync(path, `{ "version": ${next.version}, "sha256": "${next.sha256}" }\n`)
  process.stdout.write(`catalog version ${next.version}, ${next === old ? 'unchanged' : 'sealed'}\n`)
}
