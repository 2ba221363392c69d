/**
 * Takes secrets out of events and dead letters before anything leaves the collector (private by
 * default). Three nets, from sure to wide: the catalog's secret fields by (provider, event id, field) and, in shapes that
 * keep no names, by position; secrets beside their name in any text; tokens that show by their look in any text.
 * What was removed is always `[removed]`; doing it twice changes nothing. Provider, event id, channel, computer, record
 * id and time, of which the event key is made, are never touched.
 */
import type { Catalog } from '../schemas/catalog/catalog.ts'
import type { WindowsEvent } from '../schemas/windows-event.ts'
import { createLabelledSecrets } from './secrets/labelled-secrets.ts'
import { removeOpaqueTokens } from './secrets/opaque-tokens.ts'
import { REMOVED } from './secrets/removed.ts'

export type SecretRemover = {
  /** The same object when it holds no secret, which is the rule: then nothing is copied. */
  event(event: WindowsEvent): WindowsEvent
  text(text: string): string
  /** A raw record in whatever encoding: UTF-8, UTF-16 or binary with either inside; all other bytes stay as they are. */
  bytes(bytes: Uint8Array): Uint8Array
}

/** Secret fields of one event: their names, and the whole field list's length for shapes that keep positions only. */
type SecretFields = {
  readonly names: ReadonlySet<string>
  readonly positions: ReadonlySet<string>
  readonly fieldCount: number
}

/** Shorter texts hold no token; and there are many of them (codes, levels, GUIDs). */
const MIN_SECRET_TEXT = 12

export function createSecretRemover(catalog: Pick<Catalog, 'providers'>): SecretRemover {
  const secretFields = indexSecretFields(catalog)
  const names = [...secretFields.values()].flatMap((events) =>
    [...events.values()].flatMap((event) => [...event.names]),
  )
  const removeLabelled = createLabelledSecrets(names)
  const text = (value: string): string =>
    value.length < MIN_SECRET_TEXT ? value : removeLabelled(removeOpaqueTokens(value))

  return {
    text,
    bytes: (bytes) => redactBytes(bytes, text),
    event(event) {
      const fields = event.provider === null ? undefined : secretFields.get(event.provider)?.get(event.event_id)
      const known = fields === undefined ? event : withoutSecretFields(event, fields)
      return withoutSecretText(known, text)
    },
  }
}

function indexSecretFields(catalog: Pick<Catalog, 'providers'>): Map<string, Map<number, SecretFields>> {
  const index = new Map<string, Map<number, SecretFields>>()
  for (const provider of catalog.providers.values()) {
    for (const event of provider.events.values()) {
      const secret = event.fields.flatMap((field, at) => (field.secret ? [{ name: field.name, at }] : []))
      if (secret.length === 0) continue
      const ofProvider = index.get(provider.name) ?? new Map<number, SecretFields>()
      index.set(provider.name, ofProvider)
      ofProvider.set(event.event_id, {
        names: new Set(secret.map(({ name }) => name)),
        positions: new Set(secret.map(({ at }) => `param${String(at + 1)}`)),
        fieldCount: event.fields.length,
      })
    }
  }
  return index
}

/** The value also goes from the message, which prints it. */
function withoutSecretFields(event: WindowsEvent, fields: SecretFields): WindowsEvent {
  const entries = Object.entries(event.data)
  const removed = entries.filter(
    ([name, value]) => value !== '' && value !== REMOVED && isSecretField(name, value, fields, entries),
  )
  if (removed.length === 0) return event
  const names = new Set(removed.map(([name]) => name))
  let { message } = event
  for (const [, value] of removed) {
    if (message !== null && value.length >= 4) message = message.replaceAll(value, REMOVED)
  }
  // fromEntries, not assignment: a field may be called __proto__.
  const data = Object.fromEntries(entries.map(([name, value]) => [name, names.has(name) ? REMOVED : value]))
  return { ...event, message, data }
}

function isSecretField(
  name: string,
  value: string,
  fields: SecretFields,
  entries: readonly (readonly [string, string])[],
): boolean {
  if (fields.names.has(name.replace(/#\d+$/, ''))) return true
  if (!/^param\d+$/.test(name)) return false
  // Another build's field list puts the secret elsewhere: then anything in one long piece may be it.
  if (entries.length !== fields.fieldCount) return /^\S{40,}$/.test(value)
  return fields.positions.has(name)
}

function withoutSecretText(event: WindowsEvent, text: (value: string) => string): WindowsEvent {
  const message = event.message === null ? null : text(event.message)
  let isChanged = message !== event.message
  const { data } = event
  for (const name in data) {
    const value = data[name]
    if (value !== undefined && text(value) !== value) isChanged = true
  }
  if (!isChanged) return event
  return {
    ...event,
    message,
    data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, text(value)])),
  }
}

/**
 * Works on the bytes one to one (Latin-1), since every pattern is ASCII. Text of two bytes a character is narrowed first,
 * and a removed stretch is filled up to its old length there, so that the lengths inside a binary record still hold.
 */
function redactBytes(bytes: Uint8Array, text: (value: string) => string): Uint8Array {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  let clean = text(source)
  if (clean.includes('\0')) clean = clean.replace(WIDE_TEXT, (wide) => redactWide(wide, text))
  return clean === source ? bytes : Buffer.from(clean, 'latin1')
}

const WIDE_TEXT = /(?:[\t\n\r\x20-\x7e]\0){12,}[\x20-\x7e]?/g

function redactWide(wide: string, text: (value: string) => string): string {
  const narrow = wide.replaceAll('\0', '')
  const clean = text(narrow)
  if (clean === narrow) return wide
  const padded = clean.length < narrow.length ? clean + ' '.repeat(narrow.length - clean.length) : clean
  const widened = Buffer.from(padded, 'utf16le').toString('latin1')
  return wide.endsWith('\0') ? widened : widened.slice(0, -1)
}
