/** The catalog's shape: known causes, error codes, providers with their events and fields. The data lies beside it. */
import type { Outcome, Scope, SyncEngine, Transience } from '../classified-event.ts'

export const ENTRY_KINDS = [
  'scope-note',
  'prerequisite',
  'support-info',
  'diagnostic-check',
  'possible-issue',
  'known-issue',
  'sibling-condition',
] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** Kinds that can be the cause of a failure (`entry` of a verdict); the others are guidance. */
export const CAUSE_KINDS: readonly EntryKind[] = ['possible-issue', 'known-issue', 'sibling-condition', 'prerequisite']

export type CatalogEntry = {
  readonly id: string
  readonly kind: EntryKind
  readonly title: string
  /** What is wrong and how it shows, in our own words. */
  readonly summary: string
  readonly engines: readonly SyncEngine[]
  readonly category: string
  readonly transient: Transience | null
  readonly next_steps: readonly string[]
  readonly kb: string | null
  readonly fixed_in_build: string | null
  readonly status: 'current' | 'legacy'
  /** Values that hold from a date on (a minimum build, for example); empty where nothing changed over time. */
  readonly effective: readonly { readonly from: string; readonly value: string; readonly source: string }[]
  /** Names of the facts that would settle it (the `missing` of a candidate): device-inventory, user-directory, … */
  readonly facts_needed: readonly string[]
  readonly sources: readonly string[]
  /** Lines of the source article, null where it is not from there. */
  readonly seed_lines: string | null
  readonly notes: string | null
}

export type CodeKind =
  'ADAL_WAM' | 'NTSTATUS' | 'CLOUDAP' | 'HRESULT' | 'WIN32' | 'AADSTS' | 'OAUTH' | 'WEBTOKENSTATUS' | 'DRS_SERVER'

export type CodeFact = {
  /** 0x%08X; AADSTSnnnnn; or the name (OAUTH, WEBTOKENSTATUS, DRS_SERVER). */
  readonly code: string
  readonly kind: CodeKind
  readonly symbol: string | null
  readonly category: string
  readonly cause: string
  readonly transient: Transience
  readonly relevance: 'direct' | 'identity' | 'network' | 'peripheral'
  readonly documented: boolean
  readonly confidence: 'high' | 'medium' | 'low'
  readonly sources: readonly string[]
  /** Catalog entries that this code points to. */
  readonly entries: readonly string[]
  readonly note: string | null
}

export type EventField = { readonly name: string; readonly type: string; readonly secret: boolean }
export type EventFact = {
  readonly event_id: number
  readonly level: number | null
  readonly channel: string | null
  readonly gist: string | null
  /** In the order of the manifest: gives names to shapes that keep positions only. */
  readonly fields: readonly EventField[]
  /** Fields that hold an error code, outermost first. */
  readonly code_fields: readonly string[]
  /** Fields whose text may carry codes. */
  readonly text_fields: readonly string[]
  /** null: the level decides. */
  readonly outcome: Outcome | null
  readonly duration_field: string | null
  readonly collection_field: string | null
}
export type ProviderFact = {
  readonly name: string
  readonly guid: string | null
  readonly sync_engine: SyncEngine
  readonly scope: Scope
  readonly events: ReadonlyMap<number, EventFact>
}

export type Catalog = {
  /** Raised whenever any catalog file changes the verdict of any event; part of `revision`. */
  readonly version: number
  readonly entries: ReadonlyMap<string, CatalogEntry>
  /** By canonical spelling. */
  readonly codes: ReadonlyMap<string, CodeFact>
  /** By provider name as Windows writes it. */
  readonly providers: ReadonlyMap<string, ProviderFact>
  /** Short name of a source to its full title. */
  readonly sources: ReadonlyMap<string, string>
}
