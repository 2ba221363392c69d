/**
 * Which fields of which events hold a secret, from the catalog's manifests: told by name, and by position for shapes that
 * keep no names. Providers and names are compared without case, as Windows does.
 */
import type { Catalog } from '../../schemas/catalog/catalog.ts'

/** Secret fields of one event. `names` in lower case; `positions` counted from 1 in a list of `fieldCount` fields. */
export type SecretFields = {
  readonly names: ReadonlySet<string>
  readonly positions: ReadonlySet<number>
  readonly fieldCount: number
}

export type SecretFieldIndex = {
  /** Lower-case names of the providers that log a secret, and by event id which fields of it are. */
  readonly providers: ReadonlyMap<string, ReadonlyMap<number, SecretFields>>
  /** Every name of a secret field, as the manifests spell it. */
  readonly names: readonly string[]
}

export function indexSecretFields(catalog: Pick<Catalog, 'providers'>): SecretFieldIndex {
  const providers = new Map<string, Map<number, SecretFields>>()
  const names = new Set<string>()
  for (const provider of catalog.providers.values()) {
    for (const event of provider.events.values()) {
      const secret = event.fields.flatMap((field, at) => (field.secret ? [{ name: field.name, at }] : []))
      if (secret.length === 0) continue
      for (const { name } of secret) names.add(name)
      const key = provider.name.toLowerCase()
      const ofProvider = providers.get(key) ?? new Map<number, SecretFields>()
      providers.set(key, ofProvider)
      ofProvider.set(event.event_id, {
        names: new Set(secret.map(({ name }) => name.toLowerCase())),
        positions: new Set(secret.map(({ at }) => at + 1)),
        fieldCount: event.fields.length,
      })
    }
  }
  return { providers, names: [...names] }
}

/**
 * Is this nameless value of an event that holds a secret to be removed? `count` is how many values there are, undefined
 * where the record is cut. When it is not the manifest's, the secret may stand anywhere: then all but codes go.
 */
export function isSecretPosition(
  position: number,
  value: string,
  count: number | undefined,
  { positions, fieldCount }: Pick<SecretFields, 'positions' | 'fieldCount'>,
): boolean {
  return count === fieldCount ? positions.has(position) : !isCode(value)
}

/** A number as short as codes, counts and ports are, a truth value, or nothing. */
function isCode(value: string): boolean {
  return value.length <= 20 && /^\s*(?:[-+]?\d{1,10}|0x[0-9a-f]{1,8}|true|false|)\s*$/i.test(value)
}
