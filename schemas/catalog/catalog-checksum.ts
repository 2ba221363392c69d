/** One checksum over everything in the catalog that can change a verdict, so that a change cannot go unnoticed. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** SHA-256 in hex over name and content of all data files of the folder, sorted; line ends count as LF. Not version.json. */
export function catalogChecksum(folder: string = import.meta.dirname): string {
  const hash = createHash('sha256')
  for (const path of dataFiles(folder)) {
    const content = readFileSync(join(folder, path), 'utf8').replaceAll('\r\n', '\n')
    hash.update(`${path}\0${Buffer.byteLength(content)}\0${content}`)
  }
  return hash.digest('hex')
}

function dataFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.(?:json|yaml)$/.test(path) && path !== 'version.json')
    .sort()
}
