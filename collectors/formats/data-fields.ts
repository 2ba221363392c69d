/**
 * How the fields of EventData and UserData are named in `WindowsEvent.data`: one rule for every format, so that one event
 * has the same fields whichever shipper brought it.
 *
 * - EventData: a field is named by its `Name` attribute. `<Data>` without one is `param` and its position among the
 *   `<Data>` elements, from 1 (as Winlogbeat names it). Any other element, such as `<Binary>`, is named by its own name.
 * - UserData: the fields are the leaves under its one root element, named by the element names on the way down, joined by
 *   a dot, without the root: `<UserData><Root><A><B>x</B></A></Root></UserData>` is `A.B`. An element with a `Name`
 *   attribute goes by that.
 * - ProcessingErrorData, DebugData and BinaryEventData stand in the place of EventData; their leaves are named like those
 *   of UserData, without a root to leave out; text that stands directly in one of them is named like the element itself.
 * - Any other attribute of a field is a field of its own, named by the field and the attribute: `<Error Code="15007"/>` is
 *   `Error` (empty) and `Error@Code`. `xmlns` and the attributes of EventData, UserData and its root are none.
 * - White space between elements is no field; an empty element is an empty field.
 * - A name that is taken becomes `name#2`, `name#3`, …
 */

/** Adds one field. `name` undefined: an unnamed `<Data>` at `position`, counted from 1. Never touches the prototype. */
export function addDataField(
  data: Record<string, string>,
  name: string | undefined,
  position: number,
  value: string,
): void {
  setOwnField(data, freeFieldName(data, name, position), value)
}

/** The name under which `addDataField` would add this field. */
export function freeFieldName(
  data: Readonly<Record<string, string>>,
  name: string | undefined,
  position: number,
): string {
  const wanted = name === undefined || name === '' ? `param${position}` : name
  return Object.hasOwn(data, wanted) ? nextFreeName(data, wanted) : wanted
}

/** Sets an own property, also for the one name that an assignment would take for the prototype. */
export function setOwnField(data: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__') {
    Object.defineProperty(data, name, { value, writable: true, enumerable: true, configurable: true })
  } else {
    data[name] = value
  }
}

/**
 * A free `name#k`. The taken ones run from 2 without a gap, so the end of the run is found by doubling and halving: an
 * event with 100,000 fields of one name costs 17 look-ups a field instead of 100,000.
 */
function nextFreeName(data: Readonly<Record<string, string>>, name: string): string {
  let taken = 1
  let free = 2
  while (Object.hasOwn(data, `${name}#${free}`)) {
    taken = free
    free *= 2
  }
  while (free - taken > 1) {
    const middle = (taken + free) >>> 1
    if (Object.hasOwn(data, `${name}#${middle}`)) taken = middle
    else free = middle
  }
  return `${name}#${free}`
}
