/**
 * A shipper's shape of JSON: how to tell it and how to read it. The reader (`json-format.ts`) cuts the stream, chooses
 * the shape record by record, and makes dead letters of refusals, so that a shape is nothing but the mapping of fields.
 */
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import type { FormatContext } from './format.ts'
import { type JsonObject, type Refusal, type Scope } from './field-values.ts'

/** One event of a record that carries several, and what to keep as its bytes if it is refused (as JSON). */
export type Part = { readonly outcome: WindowsEvent | Refusal; readonly source: unknown }

export type JsonShape = {
  /** snake_case; also the `shipper` of its events unless it tells several shippers apart. */
  readonly name: string
  /** Property names, one of which stands in every record of this shape: to tell a file by its head. */
  readonly marks: readonly string[]
  /** Is it this shape? Total, and cheap: called for every record. */
  recognises(record: JsonObject): boolean
  /** May throw InvalidField for a value out of range. Passes `scope` on to the value functions. */
  decode(record: JsonObject, context: FormatContext, scope: Scope): WindowsEvent | Refusal | readonly Part[]
}
