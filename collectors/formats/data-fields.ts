/**
 * How the fields of EventData and UserData are named in `WindowsEvent.data`, for every format alike:
 *
 * - a field with a name keeps it, with its empty value if it is empty;
 * - a field without a name is `param` and its place among its siblings, from 1 (the convention of Winlogbeat and of
 *   the OpenTelemetry collector, whose copies carry such names already);
 * - the second field of a name is `name#2`, the third `name#3`;
 * - in UserData the one element around the fields is left out; deeper elements are joined with a dot: `Status.Code`.
 *
 * A name is data: `__proto__`, `constructor` and the like become ordinary own properties.
 */

/** Next free number of a repeated name; kept aside so that a million repeats cost a million steps, not their square. */
const repeats = new WeakMap<Record<string, string>, Map<string, number>>()

/**
 * Adds one field. `name` undefined or empty means that the field has none; `position` is its place among its siblings,
 * from 1. Never overwrites, never fails.
 */
export function addDataField(
  data: Record<string, string>,
  name: string | undefined,
  position: number,
  value: string,
): void {
  const wanted = name === undefined || name === '' ? `param${position}` : name
  if (!Object.hasOwn(data, wanted)) setOwn(data, wanted, value)
  else setOwn(data, nextFree(data, wanted), value)
}

function nextFree(data: Record<string, string>, name: string): string {
  let counts = repeats.get(data)
  if (counts === undefined) repeats.set(data, (counts = new Map()))
  let number = counts.get(name) ?? 2
  while (Object.hasOwn(data, `${name}#${number}`)) number++
  counts.set(name, number + 1)
  return `${name}#${number}`
}

/** Assigning to `__proto__` would change the object's prototype instead of adding a field. */
function setOwn(data: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__')
    Object.defineProperty(data, name, { value, enumerable: true, writable: true, configurable: true })
  else data[name] = value
}
