/**
 * The way to kafkajs' own modules, for what has to be mended in them (decision 0010). Each mend was made for one version: in
 * another, which may have mended it, or moved it, nothing is touched.
 */
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)
const KNOWN_VERSION = '2.2.4'

/** What `mend` returns runs once a process, and only in the known version. */
export function onceInKnownVersion(mend: () => void): () => void {
  let isDone = false
  return function mendOnce() {
    if (isDone) return
    isDone = true
    const { version } = load('kafkajs/package.json') as { version: string }
    if (version === KNOWN_VERSION) mend()
  }
}

/** What a module of kafkajs exports. `path` below `kafkajs/src/`. */
export function loadInternal(path: string): unknown {
  return load(nameOf(path))
}

/** A method as it is, to be called on an instance. */
export function methodOf<T, Name extends keyof T>(prototype: T, name: Name): T[Name] {
  return Object.getOwnPropertyDescriptor(prototype, name)?.value as T[Name]
}

/** Makes a module export something else for whoever loads it from now on. `path` below `kafkajs/src/`. */
export function replaceExport<T>(path: string, replacement: (original: T) => T): void {
  const name = nameOf(path)
  const original = load(name) as T
  const module = load.cache[load.resolve(name)]
  if (module !== undefined) module.exports = replacement(original)
}

const nameOf = (path: string) => `kafkajs/src/${path}`
