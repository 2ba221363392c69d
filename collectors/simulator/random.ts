/** Random numbers that are the same for the same seed on every machine: the sample fleet must be repeatable. */

export type Random = {
  /** 0 <= x < 1. */
  next(): number
  /** A whole number, both ends included. */
  between(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly [T, ...T[]]): T
  /** Lower-case hex digits. */
  hex(digits: number): string
  guid(): string
  /** Milliseconds of a duration that is mostly near `typical` and now and then many times that (log-normal). */
  duration(typical: number): number
}

/** `parts` name what is drawn, for example seed, device and day: other parts, other numbers. */
export function createRandom(...parts: readonly (string | number)[]): Random {
  let state = hashOf(parts.join('\u0000'))
  // Mulberry32, a 32-bit generator by Tommy Ettinger (public domain): ample for a sample, and quick.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  const hex = (digits: number): string => {
    let text = ''
    while (text.length < digits)
      text += Math.floor(next() * 4294967296)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, digits)
  }
  return {
    next,
    between,
    hex,
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    guid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[between(0, 3)] ?? '8'}${hex(3)}-${hex(12)}`,
    duration: (typical) => Math.round(typical * Math.exp((next() + next() + next() - 1.5) * 1.4)),
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
