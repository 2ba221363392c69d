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
import { createNamelessSecrets } from './secrets/nameless-secrets.ts'
import { removeOpaqueTokens } from './secrets/opaque-tokens.ts'
import { REMOVED } from './secrets/removed.ts'
import {
  indexSecretFields,
  isSecretPosition,
  type SecretFieldIndex,
  type SecretFields,
} from './secrets/secret-fields.ts'

export type SecretRemover = {
  /** The same object when it holds no secret, which is the rule: then nothing is copied. */
  event(event: WindowsEvent): WindowsEvent
  text(text: string): string
  /** A raw record in whatever encoding: UTF-8, UTF-16 or binary with either inside; all other bytes stay as they are. */
  bytes(bytes: Uint8Array): Uint8Array
}

/** Shorter texts hold no token; and there are many of them (codes, levels, GUIDs). */
const MIN_SECRET_TEXT = 12

export function createSecretRemover(catalog: Pick<Catalog, 'providers'>): SecretRemover {
  const index = indexSecretFields(catalog)
  const fieldsOf = createFieldLookUp(index)
  const removeLabelled = createLabelledSecrets(index.names)
  const removeNameless = createNamelessSecrets(index)
  const text = (value: string): string =>
    value.length < MIN_SECRET_TEXT ? value : removeLabelled(removeOpaqueTokens(value))
  const rawText = (value: string): string => redactRaw(value, (plain) => removeNameless(text(plain)))

  return {
    text,
    bytes: (bytes) => redactBytes(bytes, rawText),
    event(event) {
      const fields = fieldsOf(event)
      const known = fields === undefined ? event : withoutSecretFields(event, fields)
      return withoutSecretText(known, text)
    },
  }
}

/** Providers beyond this many are looked up anew each time: hostile input may name a new one in every record. */
const MAX_KNOWN_PROVIDERS = 1000

function createFieldLookUp({ providers }: SecretFieldIndex): (event: WindowsEvent) => SecretFields | undefined {
  const known = new Map<string, ReadonlyMap<number, SecretFields> | undefined>()
  return function fieldsOf({ provider, channel, event_id }) {
    // A copy that lost its provider still names its channel, and that begins with it.
    const name = provider ?? channel
    if (name === null) return undefined
    if (!known.has(name)) {
      if (known.size >= MAX_KNOWN_PROVIDERS) known.clear()
      known.set(name, providers.get((provider ?? name.replace(/\/.*/s, '')).toLowerCase()))
    }
    return known.get(name)?.get(event_id)
  }
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
  const plain = name.replace(/#\d+$/, '').toLowerCase()
  if (fields.names.has(plain)) return true
  if (!/^(?:param\d+|data|binary)$/.test(plain)) return false
  return isSecretPosition(Number(plain.slice(5)), value, entries.length, fields)
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

/**
 * A raw text may spell plain characters with escapes (`\u002e`, `\/`, `&#46;`), behind which tokens and names hide. It is read
 * without them, and stays as it was unless that showed a secret.
 */
function redactRaw(raw: string, text: (value: string) => string): string {
  const plain = raw.replace(ESCAPED, unescapeTokenCharacter)
  const clean = text(plain)
  return clean === plain ? raw : clean
}

/** One text inside another doubles the backslashes. */
const ESCAPED = /\\{1,8}u00([2-7][0-9a-fA-F])|\\{1,8}\/|&(?:amp;)?#(?:x0{0,4}([2-7][0-9a-fA-F])|0{0,4}(\d{2,3}));/gi

function unescapeTokenCharacter(escaped: string, json?: string, xmlHex?: string, xmlDecimal?: string): string {
  if (escaped.endsWith('/')) return '/'
  const hex = json ?? xmlHex
  const character = String.fromCharCode(hex === undefined ? Number(xmlDecimal) : Number.parseInt(hex, 16))
  return /[\w.~+/=#@-]/.test(character) ? character : escaped
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
