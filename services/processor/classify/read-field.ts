/** The fields of an event, and where to find one. */

export type Fields = Readonly<Record<string, string>>

/** A field by its name and, for copies that keep positions only, by its place. */
export type FieldPlace = { readonly name: string; readonly position: string | null; readonly isWin32: boolean }

/** The field's text; undefined when this copy has neither its name nor its position. */
export function readField(data: Fields, place: FieldPlace): string | undefined {
  return data[place.name] ?? (place.position === null ? undefined : data[place.position])
}
