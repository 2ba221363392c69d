/**
 * Values of one event's fields out of a shipper's JSON, whatever type the shipper chose for them: a number may come as
 * a number or as text, a 64-bit one as either, and a name may stand where Windows has a number.
 */
import type { DeadLetterReason } from '../../schemas/dead-letter.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Why a record is not an event; the reader turns it into a dead letter with the record's bytes. */
export type Refusal = { readonly reason: DeadLetterReason; readonly detail: string }

/**
 * Set by a value function that met a number which JSON.parse may have rounded. The reader then reads the record again
 * with every such number as text (`json-text.ts`); decoders need to do nothing but pass the scope on.
 */
export type Scope = { isLossy: boolean }

export const refuse = (reason: DeadLetterReason, detail: string): Refusal => ({ reason, detail })

export function isRefusal(value: object): value is Refusal {
  return 'reason' in value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NONE: JsonObject = {}
/** The object, or an empty one. */
export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : NONE)

/** The text, or null where there is none or it is empty. */
export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** Thrown inside a decoder and caught by the reader only: one field has a value that Windows cannot write. */
export class InvalidField extends Error {}

/**
 * A whole number from 0 to `highest`, written as a number or as decimal text; null for anything else that can stand in
 * its place (a name, nothing). Throws InvalidField for a number out of range.
 */
export function uintOrNull(value: unknown, highest: number, field: string): number | null {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0 && value <= highest) return value
    throw new InvalidField(`${field} ${value} is not a whole number from 0 to ${highest}`)
  }
  if (typeof value !== 'string' || value === '') return null
  const first = value.charCodeAt(0)
  if ((first < 0x30 || first > 0x39) && first !== 0x2d) return null
  if (!/^-?\d+(\.\d+)?$/.test(value)) return null
  return uintOrNull(Number(value), highest, field)
}

const HIGHEST_UINT64 = '18446744073709551615'

/** A record id as decimal text without leading zeros, up to 2^64-1; null where there is none. */
export function recordIdOrNull(value: unknown, scope: Scope): string | null {
  if (typeof value === 'number') {
    if (value >= 0 && Number.isSafeInteger(value)) return String(value)
    if (value > 0 && Number.isInteger(value)) {
      scope.isLossy = true
      return null
    }
    throw new InvalidField(`record_id ${value} is not a whole number from 0 to ${HIGHEST_UINT64}`)
  }
  if (typeof value !== 'string' || value === '') return null
  if (!/^\d+$/.test(value)) throw new InvalidField(`record_id ${value.slice(0, 40)} is not a whole number`)
  const digits = value.replace(/^0+(?=\d)/, '')
  const isTooHigh = digits.length > 20 || (digits.length === 20 && digits > HIGHEST_UINT64)
  if (isTooHigh) throw new InvalidField(`record_id ${value.slice(0, 40)} is above ${HIGHEST_UINT64}`)
  return digits
}

/**
 * Keywords as 0x and 16 lower-case hex digits, from hex text, a decimal (signed, as .NET prints it, or not) or a list of exactly
 * one of these; null where the shipper kept only names.
 */
export function keywordsOrNull(value: unknown, scope: Scope): string | null {
  if (typeof value === 'string') return keywordsFromText(value)
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return keywordsFromText(String(value))
    if (Number.isInteger(value)) scope.isLossy = true
    return null
  }
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return keywordsFromText(value[0])
  return null
}

export function keywordsFromText(text: string): string | null {
  if (/^0[xX][0-9a-fA-F]{1,16}$/.test(text)) {
    const digits = text.slice(2).toLowerCase()
    return `0x${digits.padStart(16, '0')}`
  }
  if (!/^-?\d{1,20}$/.test(text)) return null
  const bits = BigInt(text)
  if (bits > 0xffff_ffff_ffff_ffffn || bits < -0x8000_0000_0000_0000n) return null
  return `0x${BigInt.asUintN(64, bits).toString(16).padStart(16, '0')}`
}

/** A GUID in lower case without braces; null for anything else. */
export function guidOrNull(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null
  const bare = value.charCodeAt(0) === 0x7b && value.endsWith('}') ? value.slice(1, -1) : value
  return /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(bare) ? bare.toLowerCase() : null
}

// The names of winmeta.xml as English Windows renders them, and the lower-case ones of Winlogbeat. Other languages'
// words are not numbers: they are left out, never looked up.
const LEVELS: ReadonlyMap<string, number> = new Map([
  ['log always', 0],
  ['critical', 1],
  ['error', 2],
  ['warning', 3],
  ['information', 4],
  ['verbose', 5],
])

/** System/Level from a number, decimal text or the English word; null for words of other languages. */
export function levelOrNull(value: unknown): number | null {
  if (typeof value === 'string') {
    const level = LEVELS.get(value) ?? LEVELS.get(value.toLowerCase())
    if (level !== undefined) return level
  }
  return uintOrNull(value, 255, 'level')
}

/** A value of EventData as text: numbers in decimal, booleans as words, lists and objects as JSON, null as empty. */
export function dataText(value: unknown, scope: Scope): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') {
    // A fraction may have had digits that a double has not, 1.0 among them.
    if (!Number.isSafeInteger(value)) scope.isLossy = true
    return String(value)
  }
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (value === null || value === undefined) return ''
  if (holdsUnsafeNumber(value)) scope.isLossy = true
  return JSON.stringify(value)
}

function holdsUnsafeNumber(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isSafeInteger(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsUnsafeNumber)
}

/** DOMAIN\\name, or the name alone; null without a name. */
export function accountOrNull(domain: unknown, name: unknown): string | null {
  const account = textOrNull(name)
  if (account === null) return null
  return typeof domain === 'string' && domain !== '' ? `${domain}\\${account}` : account
}
