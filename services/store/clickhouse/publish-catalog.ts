/** Puts the catalog and the error codes where SQL can join them. */
import type { Catalog } from '../../../schemas/catalog/catalog.ts'
import { type Client, insertBytes, select } from './client.ts'

/**
 * Writes a catalog version, once. Repeating it, or doing it from two processes, changes nothing. Readers see the newest version only,
 * and only when all of it is there; publishing an older version hides nothing newer.
 */
export async function publishCatalog(client: Client, database: string, catalog: Catalog): Promise<void> {
  const { version } = catalog
  const known = await select<{ n: string }>(
    client,
    `SELECT count() AS n FROM ${database}._catalog_versions WHERE catalog_version = {version: UInt16}`,
    { version },
  )
  if (known[0]?.n !== '0') return
  const entries = [...catalog.entries.values()].map(({ id, effective: _effective, ...entry }) => ({
    entry: id,
    ...entry,
  }))
  const codes = [...catalog.codes.values()]
  await insertRows(client, `${database}._catalog`, version, CATALOG_COLUMNS, entries)
  await insertRows(client, `${database}._codes`, version, CODE_COLUMNS, codes)
  await insertRows(client, `${database}._catalog_versions`, version, [], [{}])
}

const CATALOG_COLUMNS = [
  'entry',
  'kind',
  'title',
  'summary',
  'engines',
  'category',
  'transient',
  'next_steps',
  'kb',
  'fixed_in_build',
  'status',
  'facts_needed',
  'sources',
  'seed_lines',
  'notes',
] as const
const CODE_COLUMNS = [
  'code',
  'kind',
  'symbol',
  'category',
  'cause',
  'transient',
  'relevance',
  'documented',
  'confidence',
  'entries',
  'sources',
  'note',
] as const

async function insertRows<T extends object>(
  client: Client,
  table: string,
  version: number,
  columns: readonly (keyof T & string)[],
  rows: readonly T[],
): Promise<void> {
  if (rows.length === 0) return
  const lines = rows.map((row) => {
    const values = columns.map((column) => [column, row[column]])
    return `${JSON.stringify({ catalog_version: version, ...Object.fromEntries(values) })}\n`
  })
  await insertBytes(
    client,
    { table, columns: ['catalog_version', ...columns] },
    'JSONEachRow',
    Buffer.from(lines.join('')),
  )
}
