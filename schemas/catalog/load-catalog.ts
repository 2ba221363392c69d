/**
 * Reads the catalog from its files. A pure function of the files beside it: two calls give equal, independent catalogs;
 * whoever starts a process loads once and hands the result on. The files are trusted here, since tests check each of them
 * against its schema (catalog-files.ts) and every reference between them. README.md says what stands where.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'
import type { Catalog, CatalogEntry, CodeFact, EventFact, EventField, ProviderFact } from './catalog.ts'
import type { CodeFile, EntryFile, EventRecord, ProviderFile, VersionFile } from './catalog-files.ts'
import { createLazyMap } from './lazy-map.ts'

/** Synchronous, since nothing can start before it. Measured: schemas/catalog/README.md. Throws when a file cannot be read. */
export function loadCatalog(folder: string = import.meta.dirname): Catalog {
  const read = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'))
  const { version } = read('version.json') as VersionFile
  const entries = filesIn(folder, 'entries', '.yaml')
  const codes = filesIn(folder, 'codes', '.json').flatMap((path) => toCodes(read(path) as CodeFile))
  const providers = filesIn(folder, 'providers', '.json').map((path) => toProvider(read(path) as ProviderFile))
  return {
    version,
    // Read now, parsed when asked for: parsing all of them takes longer than the rest, and most runs need a few.
    entries: createLazyMap(
      new Map(entries.map((path) => [basename(path, '.yaml'), readFileSync(join(folder, path), 'utf8')])),
      toEntry,
    ),
    codes: new Map(codes.map((code) => [code.code, code])),
    providers: new Map(providers.map((provider) => [provider.name, provider])),
    sources: new Map(Object.entries(read('sources.json') as Record<string, string>)),
  }
}

/** Sorted, so that the order of entries never hangs on the file system. */
function filesIn(folder: string, name: string, extension: string): string[] {
  return readdirSync(join(folder, name))
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => join(name, file))
}

function toEntry(text: string): CatalogEntry {
  const file = parse(text, { schema: 'core' }) as EntryFile
  return {
    id: file.id,
    kind: file.kind,
    title: file.title,
    summary: file.summary,
    engines: file.engines,
    category: file.category,
    transient: file.transient ?? null,
    next_steps: file.next_steps ?? [],
    kb: file.kb ?? null,
    fixed_in_build: file.fixed_in_build ?? null,
    status: file.status,
    effective: file.effective ?? [],
    facts_needed: file.facts_needed ?? [],
    sources: file.sources,
    seed_lines: file.seed_lines ?? null,
    notes: file.notes ?? null,
  }
}

function toCodes(file: CodeFile): CodeFact[] {
  return file.codes.map((code) => ({
    ...code,
    kind: file.kind,
    entries: code.entries ?? [],
    note: code.note ?? null,
  }))
}

function toProvider(file: ProviderFile): ProviderFact {
  const { name, guid, sync_engine, scope } = file
  const secrets = new Set(Object.keys(file.secrets))
  return {
    name,
    guid,
    sync_engine,
    scope,
    events: new Map(file.events.map((event) => [event.event_id, toEvent(event, secrets)])),
  }
}

const NONE: readonly string[] = []

function toEvent(event: EventRecord, secrets: ReadonlySet<string>): EventFact {
  return {
    event_id: event.event_id,
    level: event.level,
    channel: event.channel,
    gist: event.gist ?? null,
    fields: toFields(event.fields, secrets),
    code_fields: event.code_fields ?? NONE,
    text_fields: event.text_fields ?? NONE,
    outcome: event.outcome ?? null,
    duration_field: event.duration_field ?? null,
    collection_field: event.collection_field ?? null,
    ...(event.duration_unit && { duration_unit: event.duration_unit }),
    ...(event.http_status_field && { http_status_field: event.http_status_field }),
    ...(event.variants && { variants: event.variants.map((fields) => toFields(fields, secrets)) }),
  }
}

/** A record keeps the order of its members, since no field is named like an array index (a test holds that). */
function toFields(fields: Readonly<Record<string, string>>, secrets: ReadonlySet<string>): EventField[] {
  return Object.entries(fields).map(([name, type]) => ({ name, type, secret: secrets.has(name) }))
}
