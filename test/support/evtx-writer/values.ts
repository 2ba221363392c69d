/** Values of every type as EVTX stores them. */
import { ARRAY, VALUE } from '../../../collectors/formats/evtx/layout.ts'
import type { Fragment, Value } from './nodes.ts'

const of = (type: number, content: Buffer): Value => ({ type, content })
const bytesOf = (size: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.alloc(size)
  write(buffer)
  return buffer
}

export const nothing: Value = of(VALUE.null, Buffer.alloc(0))
export const string = (text: string) => of(VALUE.string, Buffer.from(text, 'utf16le'))
export const terminatedString = (text: string) => string(`${text}\0`)
export const ansiString = (bytes: Uint8Array) => of(VALUE.ansiString, Buffer.from(bytes))
export const int8 = (value: number) =>
  of(
    VALUE.int8,
    bytesOf(1, (b) => b.writeInt8(value)),
  )
export const uint8 = (value: number) =>
  of(
    VALUE.uint8,
    bytesOf(1, (b) => b.writeUInt8(value)),
  )
export const int16 = (value: number) =>
  of(
    VALUE.int16,
    bytesOf(2, (b) => b.writeInt16LE(value)),
  )
export const uint16 = (value: number) =>
  of(
    VALUE.uint16,
    bytesOf(2, (b) => b.writeUInt16LE(value)),
  )
export const int32 = (value: number) =>
  of(
    VALUE.int32,
    bytesOf(4, (b) => b.writeInt32LE(value)),
  )
export const uint32 = (value: number) =>
  of(
    VALUE.uint32,
    bytesOf(4, (b) => b.writeUInt32LE(value)),
  )
export const int64 = (value: bigint) =>
  of(
    VALUE.int64,
    bytesOf(8, (b) => b.writeBigInt64LE(value)),
  )
export const uint64 = (value: bigint) =>
  of(
    VALUE.uint64,
    bytesOf(8, (b) => b.writeBigUInt64LE(value)),
  )
export const float = (value: number) =>
  of(
    VALUE.float,
    bytesOf(4, (b) => b.writeFloatLE(value)),
  )
export const double = (value: number) =>
  of(
    VALUE.double,
    bytesOf(8, (b) => b.writeDoubleLE(value)),
  )
export const bool = (value: boolean) =>
  of(
    VALUE.bool,
    bytesOf(4, (b) => b.writeUInt32LE(Number(value))),
  )
export const binary = (bytes: Uint8Array) => of(VALUE.binary, Buffer.from(bytes))
export const guid = (text: string) => of(VALUE.guid, guidBytes(text))
export const size32 = (value: number) =>
  of(
    VALUE.sizet,
    bytesOf(4, (b) => b.writeUInt32LE(value)),
  )
export const size64 = (value: bigint) =>
  of(
    VALUE.sizet,
    bytesOf(8, (b) => b.writeBigUInt64LE(value)),
  )
/** `ticks`: 100 ns since 1601. */
export const filetime = (ticks: bigint) =>
  of(
    VALUE.filetime,
    bytesOf(8, (b) => b.writeBigUInt64LE(ticks)),
  )
/** Year, month, day of the week, day, hour, minute, second, millisecond. */
export const systemtime = (...parts: readonly number[]) =>
  of(
    VALUE.systemtime,
    bytesOf(16, (b) => parts.forEach((part, index) => b.writeUInt16LE(part, index * 2))),
  )
export const sid = (authority: bigint, ...subAuthorities: readonly number[]) =>
  of(VALUE.sid, sidBytes(authority, subAuthorities))
export const hexInt32 = (value: number) =>
  of(
    VALUE.hexInt32,
    bytesOf(4, (b) => b.writeUInt32LE(value)),
  )
export const hexInt64 = (value: bigint) =>
  of(
    VALUE.hexInt64,
    bytesOf(8, (b) => b.writeBigUInt64LE(value)),
  )
export const evtHandle = (value: bigint) =>
  of(
    VALUE.evtHandle,
    bytesOf(8, (b) => b.writeBigUInt64LE(value)),
  )
export const binXml = (fragment: Fragment): Value => ({ type: VALUE.binXml, content: fragment })
export const evtXml = (text: string) => of(VALUE.evtXml, Buffer.from(`${text}\0`, 'utf16le'))
export const evtXmlFragment = (fragment: Fragment): Value => ({ type: VALUE.evtXml, content: fragment })

/** An array of values of one type; strings get the zero that separates them. */
export function array(type: number, items: readonly Value[]): Value {
  const terminator =
    type === VALUE.string ? Buffer.alloc(2) : type === VALUE.ansiString ? Buffer.alloc(1) : Buffer.alloc(0)
  return of(type | ARRAY, Buffer.concat(items.flatMap((item) => [item.content as Buffer, terminator])))
}

/** A GUID's text, with or without braces, as its 16 bytes. */
export function guidBytes(text: string): Buffer {
  const hex = Buffer.from(text.replaceAll(/[{}-]/g, ''), 'hex')
  hex.subarray(0, 4).reverse()
  hex.subarray(4, 6).reverse()
  hex.subarray(6, 8).reverse()
  return hex
}

function sidBytes(authority: bigint, subAuthorities: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + 4 * subAuthorities.length)
  bytes.writeUInt8(1, 0)
  bytes.writeUInt8(subAuthorities.length, 1)
  bytes.writeUIntBE(Number(authority), 2, 6)
  subAuthorities.forEach((sub, index) => bytes.writeUInt32LE(sub, 8 + 4 * index))
  return bytes
}
