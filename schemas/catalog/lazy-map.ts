/** A map whose values are made when they are first asked for, and kept. */

/** Has the keys and the order of `sources`. Every call of `get` with one key gives the same value. */
export function createLazyMap<S, V>(sources: ReadonlyMap<string, S>, make: (source: S) => V): ReadonlyMap<string, V> {
  const made = new Map<string, V>()

  function valueOf(key: string, source: S): V {
    const old = made.get(key)
    if (old !== undefined) return old
    const value = make(source)
    made.set(key, value)
    return value
  }
  function* entries(): Generator<[string, V], undefined> {
    for (const [key, source] of sources) yield [key, valueOf(key, source)]
    return undefined
  }
  function* values(): Generator<V, undefined> {
    for (const [, value] of entries()) yield value
    return undefined
  }

  const map: ReadonlyMap<string, V> = {
    size: sources.size,
    has: (key) => sources.has(key),
    get(key) {
      const source = sources.get(key)
      return source === undefined ? undefined : valueOf(key, source)
    },
    keys: () => sources.keys(),
    values,
    entries,
    [Symbol.iterator]: entries,
    forEach(visit, thisArg) {
      for (const [key, value] of entries()) visit.call(thisArg, value, key, map)
    },
  }
  return map
}
