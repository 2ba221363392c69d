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

/** What a cause or a code is about: the closed list of `category`. */
export const CATEGORIES = [
  'auth-credential',
  'client-bug',
  'device-registration',
  'informational',
  'licence-tenant-config',
  'mfa-conditional-access',
  'network',
  'policy',
  'server',
  'token-broker',
  'user-action',
] as const

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

export const CODE_KINDS = [
  'ADAL_WAM',
  'NTSTATUS',
  'CLOUDAP',
  'HRESULT',
  'WIN32',
  'AADSTS',
  'OAUTH',
  'WEBTOKENSTATUS',
  'DRS_SERVER',
] as const
export type CodeKind = (typeof CODE_KINDS)[number]

export const RELEVANCES = ['direct', 'identity', 'network', 'peripheral'] as const
export type Relevance = (typeof RELEVANCES)[number]
export const CONFIDENCES = ['high', 'medium', 'low'] as const
export type CodeConfidence = (typeof CONFIDENCES)[number]

export type CodeFact = {
  /** 0x%08X; AADSTSnnnnn; WTRS:n (WebTokenRequestStatus); or the name as sent (OAUTH, DRS_SERVER). */
  readonly code: string
  readonly kind: CodeKind
  readonly symbol: string | null
  readonly category: string
  readonly cause: string
  readonly transient: Transience
  /** direct: named in roaming documents or logged by the sync itself; identity: sign-in, token, device; network: transport. */
  readonly relevance: Relevance
  /** False: no text of Microsoft's was found; the cause is a hypothesis. */
  readonly documented: boolean
  readonly confidence: CodeConfidence
  readonly sources: readonly string[]
  /** Catalog entries that this code points to. */
  readonly entries: readonly string[]
  readonly note: string | null
  /** Symbol and number were compared with a header or the [MS-ERREF] tables. Absent: not so. */
  readonly verified?: true
  /** The part of the identity stack it belongs to, for example federation. */
  readonly subcategory?: string
}

/** `type` is the manifest's inType. `secret`: removed in the collector, before anything leaves it. */
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
  /** Unit of `duration_field`; absent where nobody knows it: then it gives no `duration_ms`. */
  readonly duration_unit?: DurationUnit
  /** Field that holds an HTTP status. Where no code field says otherwise, 400 and above is a failure, less a success. */
  readonly http_status_field?: string
  /** Field lists of other builds of Windows, where they differ from `fields`. */
  readonly variants?: readonly (readonly EventField[])[]
}

export const DURATION_UNITS = ['ms', 'us', '100ns', 's'] as const
export type DurationUnit = (typeof DURATION_UNITS)[number]
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
