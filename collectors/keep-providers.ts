/**
 * The rule which events are kept (setting `keep`): `known` keeps the events of the providers in the catalog's provider
 * table (roaming, identity, registration, backup); `all` keeps everything. What is left out is counted by provider and
 * channel, so that nothing disappears unseen.
 */
import type { Catalog } from '../schemas/catalog/catalog.ts'
import type { WindowsEvent } from '../schemas/windows-event.ts'

export type Keep = 'known' | 'all'

/** Why an event was left out: its provider is in no catalog table, or it is older than `retention_days`. */
export type DropRule = 'unknown_provider' | 'expired'

/** How many events of one provider and channel were left out by a rule; null where the copy did not say. */
export type DroppedBy = {
  readonly rule: DropRule
  readonly provider: string | null
  readonly channel: string | null
  readonly events: number
}

export type DropCount = {
  add(rule: DropRule, provider: string | null, channel: string | null, events: number): void
  readonly total: number
  /** Most first. */
  list(): readonly DroppedBy[]
}

/** Events without a provider are of no known provider. Providers are compared without case, as Windows does. */
export function createKeepRule(catalog: Pick<Catalog, 'providers'>, keep: Keep): (event: WindowsEvent) => boolean {
  const known = new Set(catalog.providers.keys())
  const knownLowerCase = new Set([...known].map((name) => name.toLowerCase()))
  return function isKept(event) {
    if (keep === 'all') return true
    const { provider } = event
    return provider !== null && (known.has(provider) || knownLowerCase.has(provider.toLowerCase()))
  }
}

/** Pairs beyond this many are counted together under no name: hostile input may name a new provider in every record. */
const MAX_PAIRS = 1000

export function createDropCount(): DropCount {
  const pairs = new Map<string, { rule: DropRule; provider: string | null; channel: string | null; events: number }>()
  let total = 0
  return {
    add(rule, provider, channel, events) {
      total += events
      const isKnown = pairs.has(keyOf(rule, provider, channel)) || pairs.size < MAX_PAIRS
      const key = isKnown ? keyOf(rule, provider, channel) : keyOf(rule, null, null)
      const pair = pairs.get(key)
      if (pair !== undefined) pair.events += events
      else
        pairs.set(key, isKnown ? { rule, provider, channel, events } : { rule, provider: null, channel: null, events })
    },
    get total() {
      return total
    },
    list: () => [...pairs.values()].sort((a, b) => b.events - a.events),
  }
}

function keyOf(rule: DropRule, provider: string | null, channel: string | null): string {
  return `${rule}\t${provider ?? ''}\t${channel ?? ''}`
}
