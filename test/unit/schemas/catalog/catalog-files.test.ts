import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  CodeFile,
  EntryFile,
  type EventRecord,
  ProviderFile,
  SourcesFile,
  VersionFile,
} from '../../../../schemas/catalog/catalog-files.ts'
import { canonicalCode } from '../../../../schemas/catalog/error-code.ts'
import { loadCatalog } from '../../../../schemas/catalog/load-catalog.ts'

const folder = join(import.meta.dirname, '..', '..', '..', '..', 'schemas', 'catalog')
const catalog = loadCatalog()
const text = (path: string) => readFileSync(join(folder, path), 'utf8')
const filesOf = (name: string) => readdirSync(join(folder, name)).map((file) => join(name, file))

function errorsOf(schema: TSchema, value: unknown): string[] {
  return Compile(schema)
    .Errors(value)
    .map((error) => `${error.instancePath} ${error.message}`)
}

describe('catalog files', () => {
  it.each(filesOf('entries'))('%s has the shape of an entry and the name of its id', (path) => {
    const value = parse(text(path), { schema: 'core' }) as EntryFile
    expect(errorsOf(EntryFile, value)).toEqual([])
    expect(path).toBe(join('entries', `${value.id}.yaml`))
  })

  it.each(filesOf('codes'))('%s has the shape of a code family', (path) => {
    expect(errorsOf(CodeFile, JSON.parse(text(path)))).toEqual([])
  })

  it.each(filesOf('providers'))('%s has the shape of a provider and the name of its provider', (path) => {
    const value = JSON.parse(text(path)) as ProviderFile
    expect(errorsOf(ProviderFile, value)).toEqual([])
    expect(path).toBe(join('providers', `${value.name.toLowerCase().replaceAll(' ', '-')}.json`))
  })

  it('sources and version have their shapes', () => {
    expect(errorsOf(SourcesFile, JSON.parse(text('sources.json')))).toEqual([])
    expect(errorsOf(VersionFile, JSON.parse(text('version.json')))).toEqual([])
  })

  it('refuses a wrong entry, so that the schema is worth its name', () => {
    const good = parse(text('entries/sib-clock-skew.yaml'), { schema: 'core' }) as EntryFile
    expect(errorsOf(EntryFile, { ...good, category: 'misc' })).not.toEqual([])
    expect(errorsOf(EntryFile, { ...good, transient: false })).not.toEqual([])
    expect(errorsOf(EntryFile, { ...good, colour: 'red' })).not.toEqual([])
    expect(errorsOf(EntryFile, { ...good, next_steps: [] })).not.toEqual([])
  })
})

describe('references in the catalog', () => {
  it('name sources that have a title, and every source is used', () => {
    const used = [...catalog.entries.values(), ...catalog.codes.values()].flatMap(({ sources }) => sources)
    const dated = [...catalog.entries.values()].flatMap(({ effective }) => effective.map(({ source }) => source))
    expect([...new Set([...used, ...dated])].sort()).toEqual([...catalog.sources.keys()].sort())
  })

  it('lead from codes to entries that exist', () => {
    const missing = [...catalog.codes.values()].flatMap(({ entries }) =>
      entries.filter((id) => !catalog.entries.has(id)),
    )
    expect(missing).toEqual([])
  })

  it('lead from the text of one entry to others that exist', () => {
    for (const entry of catalog.entries.values()) {
      const named = [entry.summary, entry.notes ?? '', ...entry.next_steps].join(' ').matchAll(/`([a-z]+-[a-z0-9-]+)`/g)
      for (const [, id] of named) expect(catalog.entries.has(id!), `${entry.id} names ${id!}`).toBe(true)
    }
  })

  it('give every entry at least one next step', () => {
    expect([...catalog.entries.values()].filter(({ next_steps }) => next_steps.length === 0)).toEqual([])
  })
})

describe('error codes', () => {
  it('stand under their canonical spelling, each once', () => {
    const all = filesOf('codes').flatMap((path) => (JSON.parse(text(path)) as CodeFile).codes.map(({ code }) => code))
    expect(new Set(all).size).toBe(all.length)
    for (const code of all.filter((each) => each.startsWith('0x'))) expect(canonicalCode(code)).toBe(code)
  })

  it('have the spelling of their kind', () => {
    const patterns: Partial<Record<string, RegExp>> = {
      AADSTS: /^AADSTS\d{5,7}$/,
      OAUTH: /^[a-z_]+$/,
      WEBTOKENSTATUS: /^WTRS:[0-5]$/,
      DRS_SERVER: /^\w+Error: /,
      ADAL_WAM: /^0x[048C]AA[1-9A]/,
      CLOUDAP: /^0xC00048[45]|^0xC0048[45]/,
      NTSTATUS: /^0xC/,
      WIN32: /^0x0000/,
    }
    for (const fact of catalog.codes.values()) {
      expect(fact.code).toMatch(patterns[fact.kind] ?? /^0x[8C]/)
    }
  })
})

const providers = filesOf('providers').map((path) => JSON.parse(text(path)) as ProviderFile)
const events = providers.flatMap((provider) => provider.events.map((event) => ({ provider, event })))
const fieldsOf = (event: EventRecord) =>
  [event.fields, ...(event.variants ?? [])].flatMap((fields) => Object.keys(fields))

describe('provider tables', () => {
  it('have each event id once, in order', () => {
    for (const provider of providers) {
      const ids = provider.events.map(({ event_id }) => event_id)
      expect(ids).toEqual([...new Set(ids)].sort((left, right) => left - right))
    }
  })

  it('name only fields that the event has', () => {
    for (const { provider, event } of events) {
      const named = [
        ...(event.code_fields ?? []),
        ...(event.text_fields ?? []),
        ...[event.http_status_field, event.duration_field, event.collection_field].filter((name) => name !== undefined),
      ]
      const unknown = named.filter((name) => !fieldsOf(event).includes(name))
      expect(unknown, `${provider.name} ${event.event_id}`).toEqual([])
    }
  })

  it('have no field named like an array index, which would lose its place in a record', () => {
    expect(events.flatMap(({ event }) => fieldsOf(event)).filter((name) => /^\d+$/.test(name))).toEqual([])
  })

  it('read codes from numbers and texts from strings', () => {
    for (const { provider, event } of events) {
      const types = Object.assign({}, ...[...(event.variants ?? []), event.fields]) as Record<string, string>
      const where = `${provider.name} ${event.event_id}`
      for (const name of event.code_fields ?? []) expect(types[name], where).toMatch(/^(?:U?Int32|HexInt32)$/)
      for (const name of event.text_fields ?? []) {
        const all = [event.fields, ...(event.variants ?? [])].map((fields) => fields[name])
        expect(all, where).toSatisfy((each: string[]) => each.some((type) => /String$/.test(type)))
      }
    }
  })

  it('know a unit only for a duration', () => {
    for (const { event } of events) if (event.duration_unit) expect(event.duration_field).toBeDefined()
  })

  it('name as secret only fields that occur, and never read a code, text or collection from one', () => {
    for (const provider of providers) {
      const occurring = new Set(provider.events.flatMap(fieldsOf))
      for (const name of Object.keys(provider.secrets))
        expect(occurring.has(name), `${provider.name} ${name}`).toBe(true)
      for (const event of provider.events) {
        const read = [...(event.code_fields ?? []), ...(event.text_fields ?? []), event.collection_field ?? '']
        expect(read.filter((name) => name in provider.secrets)).toEqual([])
      }
    }
  })

  it('flag every field of a token-like name as secret, variants included', () => {
    const flagged = [...catalog.providers.values()].flatMap((provider) =>
      [...provider.events.values()].flatMap((event) => [event.fields, ...(event.variants ?? [])].flat()),
    )
    const tokens = flagged.filter(
      ({ name, type }) =>
        /(?:token|nonce|password|secret|assertion|credential)$/i.test(name) && type.endsWith('String'),
    )
    expect(tokens.length).toBeGreaterThan(14)
    expect(tokens.filter(({ secret }) => !secret)).toEqual([])
  })
})
