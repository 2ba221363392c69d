import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { catalogChecksum } from '../../../../schemas/catalog/catalog-checksum.ts'
import type { VersionFile } from '../../../../schemas/catalog/catalog-files.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'
import { sealed } from '../../../../schemas/catalog/seal.ts'

const folder = join(import.meta.dirname, '..', '..', '..', '..', 'schemas', 'catalog')
const work = mkdtempSync(join(tmpdir(), 'roamwatch-catalog-'))
afterAll(() => rmSync(work, { recursive: true }))

describe('the version of the catalog', () => {
  it('is sealed: after a change run `node schemas/catalog/seal.ts`', () => {
    const { version, sha256 } = JSON.parse(readFileSync(join(folder, 'version.json'), 'utf8')) as VersionFile
    expect(sha256).toBe(catalogChecksum())
    expect(loadCatalog().version).toBe(version)
  })

  it('has a checksum that changes with any data file, its name included, and not with line ends', () => {
    const copy = join(work, 'copy')
    cpSync(folder, copy, { recursive: true })
    const before = catalogChecksum(copy)
    expect(before).toBe(catalogChecksum())
    const change = (path: string, edit: (text: string) => string) => {
      const old = readFileSync(join(copy, path), 'utf8')
      writeFileSync(join(copy, path), edit(old))
      const after = catalogChecksum(copy)
      writeFileSync(join(copy, path), old)
      return after
    }
    for (const path of [
      'entries/sib-clock-skew.yaml',
      'codes/win32.json',
      'providers/microsoft-windows-aad.json',
      'rules.yaml',
    ]) {
      expect(
        change(path, (text) => `${text} `),
        path,
      ).not.toBe(before)
    }
    expect(change('rules.yaml', (text) => text.replaceAll('\n', '\r\n'))).toBe(before)
    expect(change('version.json', () => '{}')).toBe(before)
    writeFileSync(join(copy, 'entries', 'new.yaml'), '')
    expect(catalogChecksum(copy)).not.toBe(before)
  })

  it('rises with every change, unless the version was never released', () => {
    const old = { version: 7, sha256: 'a'.repeat(64) }
    expect(sealed(old, old.sha256, false)).toBe(old)
    expect(sealed(old, 'b'.repeat(64), false)).toEqual({ version: 8, sha256: 'b'.repeat(64) })
    expect(sealed(old, 'b'.repeat(64), true)).toEqual({ version: 7, sha256: 'b'.repeat(64) })
  })
})

describe('loadCatalog', () => {
  it('gives equal and independent catalogs', () => {
    const [first, second] = [loadCatalog(), loadCatalog()]
    expect(first.entries).not.toBe(second.entries)
    expect([...first.entries]).toEqual([...second.entries])
    expect(first.codes).toEqual(second.codes)
    expect(first.providers).toEqual(second.providers)
  })

  it('fails at once when a file is missing', () => {
    const copy = join(work, 'torn')
    cpSync(folder, copy, { recursive: true })
    rmSync(join(copy, 'sources.json'))
    expect(() => loadCatalog(copy)).toThrow(/sources\.json/)
  })
})
